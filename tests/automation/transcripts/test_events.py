"""What a log shows of the lines of each agent; nothing is dropped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.transcripts.events import MOST_PARTS, events_of, joined, with_gaps
from automation.transcripts.kinds import Edit, Kind, Show, Shown
from automation.transcripts.positions import Entry


def entry(line, n=0, stream="stdout", at="2026-01-01T10:00:00.000+00:00", **fields):
    text = line if isinstance(line, str) else json.dumps(line)
    return Entry(n, at, stream, text, len(text), **fields)


def claude(line, **fields):
    return events_of(entry(line, **fields), "claude_code")


def codex(line, **fields):
    return events_of(entry(line, **fields), "codex")


def answer(*blocks, **fields):
    return {"type": "assistant", "message": {"id": "msg_1", "content": list(blocks)}, **fields}


def call(name, ident="toolu_1", **given):
    return answer({"type": "tool_use", "id": ident, "name": name, "input": given})


def result(content, ident="toolu_1", **fields):
    block = {"type": "tool_result", "tool_use_id": ident, "content": content, **fields}
    return {"type": "user", "message": {"role": "user", "content": [block]}}


def test_claude_speaks():
    [event] = claude(answer({"type": "text", "text": "I look."}))
    assert (event.kind, event.text, event.name) == (Kind.MESSAGE, "I look.", "")
    [event] = claude(answer({"type": "text", "text": "Mine."}, parent_tool_use_id="toolu_9"))
    assert (event.kind, event.name) == (Kind.MESSAGE, "sub-agent")


def test_claude_uses_a_tool_and_the_result_is_joined_by_its_id_with_its_duration():
    later = "2026-01-01T10:00:02.500+00:00"
    events = [
        *claude(call("Bash", command="make test"), n=1),
        *claude(call("Read", "toolu_2", file_path="a.py"), n=2),
        *claude(result("FAILED", is_error=True), n=3, at=later),
    ]
    bash, read = joined(events)
    assert (bash.name, bash.detail, bash.result.text, bash.has_failed, bash.seconds) == (
        "Bash", "make test", "FAILED", True, 2.5,
    )  # fmt: skip
    assert (read.result, read.has_failed, read.seconds) == (None, False, None)


def test_a_result_whose_call_is_elsewhere_stands_alone():
    [event] = joined(claude(result([{"type": "text", "text": "a"}, {"type": "image", "source": {}}])))
    assert (event.kind, event.text) == (Kind.RESULT, "a\n[image]")


@pytest.mark.parametrize(
    ("line", "edits"),
    [
        (call("Edit", file_path="a.py", old_string="a", new_string="b"), (Edit("a", "b"),)),
        (call("Write", file_path="a.py", content="new"), (Edit("", "new"),)),
        (
            call("MultiEdit", file_path="a.py", edits=[{"old_string": "a", "new_string": "b"}] * 2),
            (Edit("a", "b"), Edit("a", "b")),
        ),
        (
            call(
                "apply_patch",
                patch="*** Begin Patch\n*** Update File: a.py\n@@\n same\n-a\n+b\n*** End Patch",
            ),
            (Edit("same\na", "same\nb"),),
        ),
        (call("Bash", command="ls"), ()),
    ],
)
def test_an_edit_has_its_two_sides(line, edits):
    assert claude(line)[0].edits == edits


def test_the_other_lines_of_claude():
    started = claude({"type": "system", "subtype": "init", "model": "m-1", "claude_code_version": "2.1.197"})
    retry = claude({"type": "system", "subtype": "api_retry", "error_status": 429, "error": "rate_limit"})
    over = {"type": "result", "subtype": "success", "is_error": False, "num_turns": 4, "result": "Done."}
    over |= {"total_cost_usd": 0.0814, "usage": {"input_tokens": 26356, "output_tokens": 137}}
    [finished] = claude(over)
    assert [(e.kind, e.detail) for e in started] == [(Kind.STARTED, "m-1, version 2.1.197")]
    assert [(e.kind, e.text, e.detail, e.is_error) for e in retry] == [
        (Kind.RETRY, "rate_limit", "status 429", True)
    ]
    assert (finished.kind, finished.name, finished.text) == (Kind.FINISHED, "success", "Done.")
    assert finished.detail == "4 turns, 26,356 tokens in, 137 out, $ 0.08"
    [broken] = claude(over | {"is_error": True, "num_turns": 1})
    assert (broken.has_failed, broken.name) == (True, "")
    assert broken.detail.startswith("1 turn, ")
    [unknown] = claude({"type": "system", "subtype": "api_retry", "error": "unknown"})
    assert (unknown.kind, unknown.text) == (Kind.RETRY, "")


def test_codex_uses_a_tool_and_speaks():
    item = {"id": "item_2", "type": "command_execution", "command": "make", "exit_code": None}
    done = item | {"aggregated_output": "FAILED", "exit_code": 2, "status": "failed"}
    [use] = joined(
        [
            *codex({"type": "item.started", "item": item}),
            *codex({"type": "item.completed", "item": done}, n=1),
        ]
    )
    assert (use.name, use.detail, use.result.text, use.result.exit_status) == (
        "command_execution", "make", "FAILED", 2,
    )  # fmt: skip
    said = {"id": "item_5", "type": "agent_message", "text": "Fixed."}
    assert codex({"type": "item.completed", "item": said})[0].text == "Fixed."
    change = {"id": "i", "type": "file_change", "changes": [{"path": "a.py", "kind": "update"}]}
    assert codex({"type": "item.started", "item": change})[0].detail == "update a.py"


def test_the_other_lines_of_codex():
    lines = [
        {"type": "thread.started", "thread_id": "x"},
        {"type": "turn.started"},
        {"type": "error", "message": "Reconnecting... 1/2 (last status: 429 Too Many Requests)"},
        {"type": "item.completed", "item": {"id": "i", "type": "reasoning", "text": "hm"}},
        {"type": "turn.failed", "error": {"message": "unexpected status 401 Unauthorized"}},
        {"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 2}},
    ]
    assert [codex(line)[0].kind for line in lines] == [
        Kind.STARTED, Kind.OTHER, Kind.RETRY, Kind.OTHER, Kind.FINISHED, Kind.FINISHED,
    ]  # fmt: skip


def test_a_command_prints_lines_whatever_they_look_like():
    [event] = events_of(entry(answer({"type": "text", "text": "x"})), "command")
    assert (event.kind, event.text[:8]) == (Kind.OUTPUT, '{"type":')


def test_notes_and_standard_error_are_shown_as_such():
    notes = [claude(line, stream="note")[0] for line in ("done: The agent finished.", "timeout: It ran out.")]
    assert [(note.kind, note.is_error) for note in notes] == [(Kind.NOTE, False), (Kind.NOTE, True)]
    assert claude("model_error: No answer_yet.", stream="note")[0].text == "model error: No answer_yet."
    assert claude("warning: x", stream="stderr")[0].kind == Kind.STDERR


@pytest.mark.parametrize(
    "line",
    [
        {"type": "system", "subtype": "task_started", "task_id": "1"},
        {"type": "brand_new", "x": [1]},
        {"x": 1},
        answer({"type": "thinking", "thinking": "hm"}),
        {"type": "assistant", "message": "hello"},
        {"type": "user", "message": {"content": "the task"}},
    ],
)
def test_what_is_not_known_is_kept_as_it_is(line):
    [event] = claude(line)
    assert event.kind == Kind.OTHER
    assert event.text
    assert event.name


def test_an_agent_that_is_no_longer_known_is_shown_too():
    [event] = events_of(entry({"type": "result"}), "gone")
    assert (event.kind, event.name) == (Kind.OTHER, "result")


def test_an_entry_of_very_many_blocks_ends_with_a_note():
    events = claude(answer(*[{"type": "text", "text": "x"}] * 1_000))
    assert len(events) == MOST_PARTS
    assert events[-1].text.startswith("981 more")
    assert [event.anchor for event in events[:3]] == ["e0", "e0-1", "e0-2"]


def test_a_secret_that_json_escapes_hide_is_masked():
    line = json.dumps(answer({"type": "text", "text": "key AKIAIOSFODNN7EXAMPLE"}))
    assert claude(line.replace("AKIA", "\\u0041KIA"))[0].text == "key [redacted]"
    edit = json.dumps(call("Edit", old_string="AKIAIOSFODNN7EXAMPLE", new_string="x", file_path="a"))
    assert claude(edit.replace("AKIA", "\\u0041KIA"))[0].edits[0].old == "[redacted]"


def test_what_was_left_out_is_said_where_it_is_missing():
    entries = [entry("a", n=3), entry("b", n=7)]
    events = list(with_gaps([(one, events_of(one, "command")) for one in entries], begin=2))
    assert [(event.kind, event.n) for event in events] == [
        (Kind.GAP, 2), (Kind.OUTPUT, 3), (Kind.GAP, 4), (Kind.OUTPUT, 7),
    ]  # fmt: skip
    assert "3 entries" in events[2].text


def test_a_filter_takes_a_tool_that_failed_for_an_error():
    failed = Shown(Kind.TOOL, result=Shown(Kind.RESULT, is_error=True))
    assert [show for show in Show if failed.is_in(show)] == [Show.ALL, Show.TOOLS, Show.ERRORS]
    assert [show for show in Show if Shown(Kind.OTHER).is_in(show)] == [Show.ALL]
    assert all(Shown(Kind.GAP).is_in(show) for show in Show)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "subtype",
                    "message",
                    "content",
                    "item",
                    "id",
                    "input",
                    "usage",
                    "edits",
                    "text",
                    "exit_code",
                ]
            )
            | st.text(max_size=3),
            inner
            | st.sampled_from(["assistant", "user", "tool_use", "tool_result", "item.completed", "text"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["claude_code", "codex", "scripted", "command", "gone"]))
def test_no_line_of_any_shape_breaks_the_log_or_disappears(line, agent):
    assert joined(events_of(entry(line), agent))
