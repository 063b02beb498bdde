"""Transcripts stay small and readable, whatever happens to their writer."""

from __future__ import annotations

import shutil

from automation.agents import transcripts
from automation.agents.transcripts import Reader, Transcript, decode, join, read_entries, tail_files


def test_head_and_tail_are_kept_and_the_gap_shows(tmp_path):
    path = tmp_path / "logs" / "1.jsonl"
    with Transcript(path, max_bytes=10_000) as transcript:
        for number in range(1_000):
            transcript.write("stdout", f"line {number}")
    numbers = [entry["n"] for entry in read_entries(path)]
    assert path.stat().st_size < 10_500
    assert (numbers[0], numbers[-1]) == (0, 999)
    gaps = [b - a for a, b in zip(numbers, numbers[1:], strict=False) if b - a > 1]
    assert len(gaps) == 1
    assert not any(part.exists() for part in tail_files(path))


def test_what_is_written_can_be_read_at_once(tmp_path):
    path = tmp_path / "1.jsonl"
    with Transcript(path, max_bytes=1_000) as transcript:
        for number in range(50):
            transcript.write("stderr", f"{number}")
            assert list(read_entries(path))[-1]["line"] == str(number)


def test_a_writer_that_was_killed_leaves_all_and_a_torn_line_is_skipped(tmp_path):
    path = tmp_path / "left" / "1.jsonl"
    with Transcript(tmp_path / "1.jsonl", max_bytes=1_000) as transcript:
        for number in range(50):
            transcript.write("stdout", f"{number}")
        path.parent.mkdir()
        for file in (transcript.path, *tail_files(transcript.path)):
            shutil.copy(file, path.parent)
    with tail_files(path)[1].open("ab") as file:
        file.write(b'{"n": 50, "at')
    before = list(read_entries(path))
    join(path)
    assert before[-1]["n"] == 49
    assert list(read_entries(path)) == before


def test_bytes_of_any_kind_can_be_written(tmp_path):
    with Transcript(tmp_path / "1.jsonl") as transcript:
        transcript.write_lines("stdout", [b"\xff\x00\x1b[31m"])
        transcript.write("note", "\ud800")
    assert [entry["line"] for entry in read_entries(tmp_path / "1.jsonl")] == ["\ufffd\0\x1b[31m", "?"]


def test_a_reader_gives_each_entry_once_from_the_first_to_the_last_while_files_turn_over(tmp_path):
    path = tmp_path / "1.jsonl"
    reader, numbers, files = Reader(path), [], set()
    assert list(reader.read()) == []
    with Transcript(path, max_bytes=2_000) as transcript:
        for number in range(200):
            transcript.write("stdout", f"{number}")
            numbers += [entry["n"] for entry in reader.read()]
            files |= {part.name for part in (path, *tail_files(path)) if part.exists()}
    numbers += [entry["n"] for entry in reader.read()]
    assert numbers == list(range(200))
    assert files == {"1.jsonl", "1.jsonl.older", "1.jsonl.newer"}


def test_a_reader_waits_for_half_lines(tmp_path):
    path = tmp_path / "1.jsonl"
    reader = Reader(path)
    path.write_bytes(b'{"n": 0}\n{"n": 1}\n{"n"')
    assert [entry["n"] for entry in reader.read()] == [0, 1]
    path.write_bytes(b'{"n": 0}\n{"n": 1}\n{"n": 2}\n')
    assert [entry["n"] for entry in reader.read()] == [2]


def test_a_reader_does_not_read_again_what_it_has_read(tmp_path, monkeypatch):
    path = tmp_path / "1.jsonl"
    reader = Reader(path)
    path.write_bytes(b"".join(b'{"n": %d}\n' % number for number in range(1_000)))
    assert sum(1 for _ in reader.read()) == 1_000
    decoded = []
    monkeypatch.setattr(transcripts, "decode", lambda line: decoded.append(line) or decode(line))
    assert list(reader.read()) == []
    assert decoded == [b'{"n": 0}\n'], "the line that tells which file it is"


def test_secrets_are_masked_in_the_lines_that_have_them_and_every_line_keeps_its_number(tmp_path):
    with Transcript(tmp_path / "1.jsonl") as transcript:
        transcript.write_lines("stdout", [b"before", b'AKIAIOSFODNN7EXAMPLE "', b"", b"after"])
    entries = list(read_entries(tmp_path / "1.jsonl"))
    assert [entry["line"] for entry in entries] == ["before", '[redacted] "', "", "after"]
    assert [entry["n"] for entry in entries] == [0, 1, 2, 3]


def test_lines_that_come_together_fill_head_and_tail_as_single_ones_do(tmp_path):
    path = tmp_path / "1.jsonl"
    with Transcript(path, max_bytes=10_000) as transcript:
        transcript.write_lines("stdout", [b"line %d" % number for number in range(1_000)])
    numbers = [entry["n"] for entry in read_entries(path)]
    assert path.stat().st_size <= 10_000
    assert (numbers[0], numbers[-1]) == (0, 999)
    assert len(numbers) > 80
