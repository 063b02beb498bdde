"""A transcript is read from any position, whatever happens to its files meanwhile: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automation.agents.transcripts import Transcript, join, tail_files
from automation.transcripts.positions import entries_before, entries_from, exists
from projects.errors import OperatorError


def numbers(entries):
    return [entry.n for entry in entries]


def stored(number, text="x"):
    return (
        json.dumps({"n": number, "at": "2026-01-01T00:00:00+00:00", "stream": "stdout", "line": text}) + "\n"
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "1.jsonl"


@pytest.fixture
def large(path):
    """Some hundred blocks in one file."""
    with path.open("w") as file:
        for number in range(20_000):
            file.write(stored(number, "y" * (number * 7 % 300)))
    return path


def test_a_log_that_is_not_there_has_no_entries(path):
    assert not exists(path)
    assert numbers(entries_from(path, 0)) == numbers(entries_before(path)) == []


@pytest.mark.parametrize("part", ["", ".older", ".newer"])
@pytest.mark.parametrize("read", [entries_before, lambda path: entries_from(path, 0)], ids=["back", "on"])
def test_a_log_that_cannot_be_read_is_no_log_without_entries(path, part, read):
    path.with_name(path.name + part).mkdir()
    with pytest.raises(OperatorError, match="cannot be read"):
        list(read(path))


@pytest.mark.parametrize("position", [0, 1, 2, 63, 9_999, 19_998, 19_999])
def test_reading_goes_on_at_any_position_in_either_direction(large, position):
    assert numbers(entries_from(large, position)) == list(range(position, 20_000))
    back = entries_before(large, position)
    assert [entry.n for entry, _ in zip(back, range(300), strict=False)] == list(range(position))[::-1][:300]


def test_behind_the_end_there_is_nothing_and_before_it_everything(large):
    assert numbers(entries_from(large, 20_000)) == numbers(entries_from(large, 10**15)) == []
    assert numbers(entries_before(large))[:2] == [19_999, 19_998]
    assert len(numbers(entries_before(large, 10**15))) == 20_000


def test_a_position_in_a_large_file_costs_a_few_small_reads(large, monkeypatch):
    read = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: (read.append(size), pread(fd, size, at))[1])
    assert next(entries_from(large, 15_000)).n == 15_000
    assert next(entries_before(large, 15_000)).n == 14_999
    assert sum(read) < large.stat().st_size / 5


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_growth_and_turning_over_between_polls_lose_and_double_nothing_that_was_there(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("log") / "1.jsonl"
    position, seen = 0, []
    with Transcript(path, max_bytes=data.draw(st.integers(2_000, 60_000))) as transcript:
        for _ in range(data.draw(st.integers(1, 8))):
            lines = data.draw(st.lists(st.binary(max_size=200), max_size=40))
            transcript.write_lines("stdout", lines)
            there = numbers(entries_from(path, 0))
            got = list(entries_from(path, position))
            assert numbers(got) == [n for n in there if n >= position]
            seen += numbers(got)
            position = got[-1].n + 1 if got else position
    assert numbers(entries_from(path, position)) == []
    assert seen == sorted(set(seen))
    assert numbers(entries_before(path)) == numbers(entries_from(path, 0))[::-1]


def test_a_reader_that_keeps_up_misses_nothing_while_the_tail_turns_over(path):
    position, seen, files = 0, [], set()
    with Transcript(path, max_bytes=2_000) as transcript:
        for number in range(200):
            transcript.write("stdout", f"{number}")
            for entry in entries_from(path, position):
                seen.append(entry.line)
                position = entry.n + 1
            files |= {part.name for part in (path, *tail_files(path)) if part.exists()}
    assert seen == [str(number) for number in range(200)]
    assert len(files) == 3
    assert numbers(entries_from(path, position)) == []


def test_while_the_tail_joins_the_head_each_entry_is_given_once(path):
    older, newer = tail_files(path)
    path.write_text("".join(map(stored, range(5))))
    older.write_text("".join(map(stored, range(10, 15))))
    newer.write_text("".join(map(stored, range(15, 18))))
    expected = [*range(5), *range(10, 18)]
    before = path.read_text()
    for joined in (older.read_text()[:100], older.read_text(), older.read_text() + newer.read_text()[:100]):
        path.write_text(before + joined)
        assert numbers(entries_from(path, 0)) == expected
        assert numbers(entries_from(path, 12)) == expected[7:]
        assert numbers(entries_before(path)) == expected[::-1]
    path.write_text(before)
    join(path)
    assert numbers(entries_from(path, 0)) == expected


def test_a_tail_that_was_renamed_under_our_eyes_is_read_once(path):
    older, newer = tail_files(path)
    path.write_text(stored(0))
    newer.write_text(stored(1) + stored(2))
    os.link(newer, older)
    assert numbers(entries_from(path, 0)) == [0, 1, 2]
    assert numbers(entries_before(path)) == [2, 1, 0]


def test_a_torn_last_line_waits_until_it_is_whole(path):
    path.write_text(stored(0) + stored(1)[:40])
    assert numbers(entries_from(path, 0)) == numbers(entries_before(path)) == [0]
    path.write_text(stored(0) + stored(1))
    assert numbers(entries_from(path, 1)) == [1]


@pytest.mark.parametrize(
    "rubbish", [b"", b"{", b"null", b'{"n": "a"}', b'{"n": -1}', b"\xff\xfe\x00", b"[" * 100_000]
)
def test_lines_that_nobody_wrote_are_passed_over(path, rubbish):
    path.write_bytes(b"".join([rubbish, b"\n", stored(1).encode(), rubbish, b"\n", stored(3).encode()]))
    assert numbers(entries_from(path, 0)) == [1, 3]
    assert numbers(entries_from(path, 2)) == [3]
    assert numbers(entries_before(path)) == [3, 1]


def test_bytes_that_are_no_text_and_broken_characters_can_be_sent_on(path):
    path.write_bytes(
        stored(0).encode().replace(b'"x"', b'"\\ud800"') + b'{"n": 1, "line": "a\xff"}\n' + stored(2).encode()
    )
    lines = [entry.line for entry in entries_from(path, 0)]
    assert [line.encode() for line in lines] == [b"?", b"x"]


def test_a_line_too_long_to_be_looked_at_keeps_its_place_and_says_its_size(path):
    path.write_text(stored(0) + stored(1, "z" * 5_000_000) + stored(2))
    for entries in (list(entries_from(path, 0)), list(entries_before(path))[::-1]):
        assert numbers(entries) == [0, 1, 2]
        assert (entries[1].is_cut, entries[1].line, entries[1].stream) == (True, "", "stdout")
        assert entries[1].size > 5_000_000
    assert numbers(entries_from(path, 2)) == [2]
    assert next(entries_from(path, 1, longest=1 << 24)).line == "z" * 5_000_000


def test_a_secret_that_became_known_later_is_masked_when_it_is_read(path):
    path.write_text(stored(0, "the key AKIAIOSFODNN7EXAMPLE"))
    assert next(entries_from(path, 0)).line == "the key [redacted]"
