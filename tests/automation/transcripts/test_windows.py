"""A page has the last events, a reply the next ones; both stay small and fit together without a seam."""

from __future__ import annotations

import json

import pytest

from automation.agents.transcripts import Transcript
from automation.transcripts import reading
from automation.transcripts.kinds import Kind, Show
from automation.transcripts.windows import PAGE_BYTES, REPLY_BYTES, WANTED, last_events, next_events


@pytest.fixture
def path(tmp_path):
    return tmp_path / "1.jsonl"


def tell(path, lines, **fields):
    with Transcript(path, **fields) as transcript:
        for line in lines:
            transcript.write("stdout", line if isinstance(line, str) else json.dumps(line))


def numbers(events):
    return [event.n for event in events]


def use(number, *, is_error=False):
    """A tool's call and its result."""
    ident = f"toolu_{number}"
    call = {"type": "tool_use", "id": ident, "name": "Bash", "input": {"command": f"echo {number}"}}
    yield {"type": "assistant", "message": {"content": [call]}}
    done = {"type": "tool_result", "tool_use_id": ident, "content": f"{number}", "is_error": is_error}
    yield {"type": "user", "message": {"content": [done]}}


def everything(path, agent="command", position=0, **fields):
    events, sizes = [], []
    while True:
        reply = next_events(path, agent, position, calls_too=False)
        rows, reply = reply.filled(lambda event: event, lambda event: len(event.text))
        events += rows
        sizes.append(sum(len(event.text) for event in rows))
        position = reply.end
        if reply.is_last:
            return events, sizes


def test_the_last_two_hundred_come_first_and_earlier_pages_lead_to_the_beginning(path):
    tell(path, [f"line {number}" for number in range(450)])
    window = last_events(path, "command")
    assert (numbers(window.events), window.end) == (list(range(450 - WANTED, 450)), 450)
    earlier = last_events(path, "command", before=window.first)
    first = last_events(path, "command", before=earlier.first)
    assert numbers(first.events + earlier.events + window.events) == list(range(450))
    assert [page.has_earlier for page in (window, earlier, first)] == [True, True, False]


def test_a_page_of_long_lines_has_fewer_events(path):
    tell(path, ["z" * 100_000] * 60)
    window = last_events(path, "command")
    assert 5 < len(window.events) <= PAGE_BYTES // 100_000 + 1
    assert window.has_earlier


def test_a_page_says_what_was_left_out_within_it_and_at_its_end(path):
    tell(path, [f"line {number}" for number in range(1_000)], max_bytes=10_000)
    window = last_events(path, "command")
    [gap] = [event for event in window.events if event.kind == Kind.GAP]
    after = numbers(window.events)[numbers(window.events).index(gap.n) + 1]
    before = last_events(path, "command", before=after)
    assert before.events[-1].text == gap.text
    assert before.events[-1].n == gap.n


def test_a_filter_reaches_back_to_what_it_wants_as_far_as_a_page_may_be(path):
    lines = [line for number in range(3_000) for line in use(number, is_error=number % 500 == 0)]
    tell(path, lines)
    errors = last_events(path, "claude_code", show=Show.ERRORS)
    assert [event.detail for event in errors.events] == ["echo 1000", "echo 1500", "echo 2000", "echo 2500"][
        -len(errors.events) :
    ]
    assert errors.has_earlier
    seen, window = len(errors.events), errors
    while window.has_earlier:
        window = last_events(path, "claude_code", before=window.first, show=Show.ERRORS)
        seen += len(window.events)
    assert seen == 6


def test_replies_are_small_and_together_everything(path):
    tell(path, [f"{number:05} " + "z" * (number % 900) for number in range(2_000)])
    events, sizes = everything(path)
    assert numbers(events) == list(range(2_000))
    assert max(sizes) <= REPLY_BYTES


def test_a_reply_has_at_least_one_entry_however_long_it_is(path):
    tell(path, ["a", "z" * 300_000, "b"])
    events, sizes = everything(path)
    assert [len(event.text) for event in events] == [1, 300_000, 1]
    assert len(sizes) == 3


def test_a_reply_is_cut_only_between_entries(path):
    blocks = [{"type": "text", "text": "z" * 9_000}] * 10
    tell(path, [{"type": "assistant", "message": {"content": blocks}}] * 3)
    events, sizes = everything(path, "claude_code")
    assert [(event.n, event.part) for event in events] == [(n, part) for n in range(3) for part in range(10)]
    assert len(sizes) == 3


def test_a_result_that_comes_later_brings_its_call_again(path):
    first, second = list(use(1)), list(use(2))
    tell(path, [first[0], second[0], "note", second[1], first[1]])
    reply = next_events(path, "claude_code", 3, calls_too=True)
    assert [(event.n, event.detail, event.result.text) for event in reply.events] == [
        (1, "echo 2", "2"),
        (0, "echo 1", "1"),
    ]
    kept, cut = reply.filled(lambda event: event, lambda event: REPLY_BYTES)
    assert (numbers(kept), cut.end) == ([1], 4)
    alone = next_events(path, "claude_code", 3, calls_too=False)
    assert [event.kind for event in alone.events] == [Kind.RESULT, Kind.RESULT]


def test_a_result_whose_call_is_far_back_stands_alone(path):
    call, result = use(1)
    tell(path, [call, *["z" * 1_000] * 400, result])
    [event] = next_events(path, "claude_code", 401, calls_too=True).events
    assert event.kind == Kind.RESULT


def test_the_whole_log_can_be_read_as_text_or_as_it_was_stored(path):
    tell(path, [*use(1, is_error=True), "plain \x1b[31mred\x1b[0m \u202e"])
    text = b"".join(reading.in_blocks(reading.readable(path, "claude_code"))).decode()
    assert "tool Bash\necho 1\n" in text
    assert "result failed\n1\n" in text
    assert text.endswith("plain red \n")
    rows = [json.loads(line) for line in b"".join(reading.in_blocks(reading.stored(path))).splitlines()]
    assert [row["n"] for row in rows] == [0, 1, 2]
    assert rows[2]["line"] == "plain \x1b[31mred\x1b[0m \u202e"


def test_a_long_log_is_sent_in_pieces(path):
    tell(path, ["z" * 1_000] * 500)
    pieces = list(reading.in_blocks(reading.readable(path, "command")))
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 70_000
