"""Transcripts stay small and readable, whatever happens to their writer."""

from __future__ import annotations

import shutil

from automation.agents.transcripts import Transcript, join, read_entries, tail_files


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
        transcript.write("stdout", b"\xff\x00\x1b[31m")
        transcript.write("note", "\ud800")
    assert [entry["line"] for entry in read_entries(tmp_path / "1.jsonl")] == ["\ufffd\0\x1b[31m", "?"]
