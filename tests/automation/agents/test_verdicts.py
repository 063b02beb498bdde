"""How endings become outcomes, and what hostile lines do to the adapters: nothing."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from automation.agents.base import Ending
from automation.agents.events import Digest, Finished, Started, Text, Turn, Usage
from automation.agents.registry import ADAPTERS
from automation.agents.verdicts import classify_error, conclude, read_marker
from tests.automation.agents.test_recorded_lines import LINES, make_task

ODD = (None, True, -1, 10**30, float("inf"), 0.5, "", "x\ud800\0", [], {}, [1, "x", None], {"a": {}}, 1e300)
NO_OBJECTS = (b"", b"\xff\xfe\x00", b"{", b"[" * 100_000, b"1" * 10_000, b'"text"', b"[1]")


def variants(value):
    """`value` with each of its parts replaced by each odd value."""
    yield from ODD
    for key, part in value.items() if isinstance(value, dict) else ():
        yield from ({**value, key: odd} for odd in variants(part))
    for index, part in enumerate(value if isinstance(value, list) else ()):
        yield from ([*value[:index], odd, *value[index + 1 :]] for odd in variants(part))


@pytest.mark.parametrize("case", ["claude_code_fix", "claude_code_turn_limit", "codex_fix", "codex_bad_key"])
def test_no_shape_of_a_line_breaks_an_adapter(case):
    adapter = next(adapter for name, adapter in ADAPTERS.items() if case.startswith(name))
    for line in (LINES / f"{case}.jsonl").read_bytes().splitlines():
        for variant in variants(json.loads(line)):
            digest = Digest()
            for event in adapter.parse(json.dumps(variant).encode()):
                digest.add(event)
            result = adapter.finish(make_task(), digest, Ending(0, "exit"))
            json.dumps(asdict(result), default=str, ensure_ascii=False).encode()
            assert 0 <= (result.input_tokens or 0) < 2**31
            assert result.cost_usd is None or 0 <= result.cost_usd < 1_000_000


@pytest.mark.parametrize("line", NO_OBJECTS)
def test_lines_that_are_no_objects_mean_nothing(line):
    assert not ADAPTERS["claude_code"].parse(line)
    assert not ADAPTERS["codex"].parse(line)


def test_texts_can_be_stored_anywhere():
    line = json.dumps({"type": "item.completed", "item": {"type": "agent_message", "text": "a\0b\ud800c"}})
    assert ADAPTERS["codex"].parse(line.encode()) == [Text("ab?c")]


@pytest.mark.parametrize(
    ("text", "marker", "words"),
    [
        ("Done.\n\n/complete", "complete", ""),
        ("Done.\n`/complete`\n", "complete", ""),
        ("/needs-human: Which one?", "needs-human", "Which one?"),
        ("Well.\n/blocked: no network", "blocked", "no network"),
        ("/blocked", "blocked", ""),
        ("/complete\nNot quite.", None, ""),
        ("see docs/complete", None, ""),
        ("/completely", None, ""),
        ("", None, ""),
    ],
)
def test_only_a_last_line_of_its_own_is_a_marker(text, marker, words):
    assert read_marker(text) == (marker, words)


def test_a_question_and_a_block_are_outcomes_of_their_own():
    asked = Digest(finished=Finished(is_error=False, text="/needs-human: Which one?"))
    blocked = Digest(finished=Finished(is_error=False, text="/blocked: no tool"))
    assert conclude(asked, Ending(0, "exit")).outcome == "asked"
    assert conclude(asked, Ending(0, "exit")).message.endswith("Which one?")
    assert conclude(blocked, Ending(0, "exit")).outcome == "blocked"


@pytest.mark.parametrize(
    ("ended_by", "outcome"),
    [("timeout", "timeout"), ("silence", "stalled"), ("flood", "flood"), ("turns", "turn_limit")],
)
def test_what_ended_the_process_decides_unless_the_agent_said_before_that_it_is_done(ended_by, outcome):
    assert conclude(Digest(), Ending(-15, ended_by)).outcome == outcome
    failed = Digest(finished=Finished(is_error=True, text="interrupted"))
    assert conclude(failed, Ending(1, ended_by)).outcome == outcome
    done = Digest(finished=Finished(is_error=False, text="ok"))
    assert conclude(done, Ending(-15, ended_by)).outcome == "done"


def test_a_run_without_a_last_word_crashed_however_it_exited():
    result = conclude(Digest(), Ending(0, "exit"))
    assert (result.outcome, result.turns, result.cost_usd) == ("crashed", None, None)
    killed = conclude(Digest(started=Started("s")), Ending(-9, "exit", "Killed"))
    assert killed.message == "The agent ended without a final word. (killed by signal 9) Killed"


@pytest.mark.parametrize(
    "stderr",
    [
        "bwrap: execvp /opt/agent: No such file or directory",
        "setpriv: failed to execute /opt/agent: No such file or directory",
        "env: 'node': No such file or directory",
    ],
)
def test_a_program_that_the_sandbox_could_not_start_is_missing(stderr):
    assert conclude(Digest(), Ending(1, "exit", stderr)).outcome == "missing_tool"
    assert conclude(Digest(started=Started("s")), Ending(1, "exit", stderr)).outcome == "crashed"


def test_a_usage_limit_says_when_it_ends():
    finished = Finished(is_error=True, status=429, text="Claude AI usage limit reached|1760000000")
    result = conclude(Digest(finished=finished), Ending(1, "exit"))
    assert result.outcome == "usage_limit"
    assert result.retry_at == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)


def test_words_that_say_nothing_have_no_class():
    assert classify_error(None, "Segmentation fault") is None
    assert classify_error(None, "stream disconnected before completion") == "model_error"
    assert classify_error(418, "") == "model_error"


def test_turns_are_counted_once_and_unknown_usage_stays_unknown():
    digest = Digest()
    for key in ("a", "a", "b"):
        digest.add(Turn(key))
    result = conclude(digest, Ending(1, "exit"))
    assert (result.turns, result.input_tokens) == (2, None)
    assert conclude(digest, Ending(1, "exit"), usage=Usage(0, 0)).input_tokens == 0
