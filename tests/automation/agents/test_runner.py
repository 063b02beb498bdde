"""The runner against agents that misbehave in every way we know."""

from __future__ import annotations

import os
import threading
import time

import pytest

from automation.agents.events import Started, ToolCall
from automation.agents.homes import write_files
from projects import redaction
from projects.workspace.sandbox import Sandbox
from projects.workspace.trees import is_alive


def test_the_transcript_has_every_line_numbered_and_the_outcome(place):
    place.script({"say": "Hello"})
    lines = place.lines("stdout")
    assert '"subtype": "init"' in lines[0]
    assert '"type": "result"' in lines[-1]
    assert place.lines("note") == ["done: The agent finished."]


def test_secrets_are_masked_in_transcript_and_result(place):
    redaction.register("hunter2-hunter2")
    result = place.script({"say": "The key is hunter2-hunter2"}, {"run": "echo hunter2-hunter2 >&2"})
    assert "hunter2" not in place.transcript.read_text()
    assert "hunter2" not in result.final_text


def test_a_stop_ends_a_hanging_agent_and_is_no_failure_of_it(place):
    place.on_event = lambda event: place.stop.request("asked") if isinstance(event, ToolCall) else None
    began = time.monotonic()
    result = place.script({"run": "true"}, {"hang": True})
    assert result.outcome == "cancelled"
    assert time.monotonic() - began < 10
    assert not is_alive(place.started[0])


def test_a_stop_ends_an_agent_that_ignores_signals(place):
    threading.Timer(1, place.stop.request, ["asked"]).start()
    began = time.monotonic()
    result = place.run("command", "sh -c 'trap \"\" TERM INT; while :; do sleep 1; done'")
    assert result.outcome == "cancelled"
    assert time.monotonic() - began < 10


def test_silence_and_time_are_limited(place):
    assert place.script({"hang": True}, silence_seconds=0.5).outcome == "stalled"
    slow = "sh -c 'while :; do echo working; sleep 0.1; done'"
    assert place.run("command", slow, total_seconds=1).outcome == "timeout"


def test_a_flood_is_ended(place):
    result = place.script({"flood": 1_000_000_000}, output_bytes=5_000_000)
    assert result.outcome == "flood"


def test_the_runner_counts_the_turns_of_an_agent_that_cannot(place):
    steps = [{"run": "true"}] * 4 + [{"hang": True}]
    result = place.script(*steps, max_turns=3)
    assert result.outcome == "turn_limit"
    assert result.turns == 4


def test_an_agent_that_does_not_exit_after_its_last_word_is_ended_and_its_word_counts(place):
    line = '{"type":"result","subtype":"success","is_error":false,"result":"ok"}'
    (place.repository / "agent.sh").write_text(f"#!/bin/sh\necho '{line}'\nsleep 600\n")
    (place.repository / "agent.sh").chmod(0o755)
    began = time.monotonic()
    result = place.run("claude_code", str(place.repository / "agent.sh"), grace_seconds=0.5)
    assert (result.outcome, result.final_text) == ("done", "ok")
    assert time.monotonic() - began < 10


def test_an_agent_that_prints_nothing_or_nonsense_crashed(place):
    for text in ("", "\\377\\376 not json\\n{\\n"):
        (place.repository / "agent.sh").write_text(f"#!/bin/sh\nprintf '{text}'\necho oops >&2\n")
        (place.repository / "agent.sh").chmod(0o755)
        result = place.run("claude_code", str(place.repository / "agent.sh"))
        assert (result.outcome, result.message) == (
            "crashed",
            "The agent ended without a final word. (exit status 0) oops",
        )


@pytest.mark.parametrize("adapter", ["claude_code", "codex", "command"])
def test_a_program_that_is_not_installed_is_named(place, adapter):
    result = place.run(adapter, "no-such-agent")
    assert result.outcome == "missing_tool"
    assert "'no-such-agent'" in result.message
    assert not place.started


def test_a_program_without_its_interpreter_is_missing_inside(place):
    (place.root / "agent").write_text("#!/nowhere/python\n")
    (place.root / "agent").chmod(0o755)
    assert place.run("claude_code", str(place.root / "agent")).outcome == "missing_tool"


def test_any_command_gets_the_prompt_as_a_file_and_on_standard_input(place):
    result = place.run("command", "sh -c 'cat; cat \"$0\"; pwd; env' {prompt_file}", prompt="Do it.\n")
    shown = place.lines("stdout")
    assert shown[:2] == ["Do it.", "Do it."]
    assert result.outcome == "done"


def test_an_agent_sees_the_named_variables_and_nothing_of_the_worker(place, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    place.run("command", "env", environment={"ANTHROPIC_API_KEY": "given"})
    names = {line.partition("=")[0] for line in place.lines("stdout")}
    assert "ANTHROPIC_API_KEY" in names
    assert names <= {"ANTHROPIC_API_KEY", "HOME", "PATH", "LANG", "TZ", "TERM", "PWD", "SHLVL", "_", "OLDPWD"}


def test_without_walls_the_paths_are_the_hosts(place):
    place.sandbox = Sandbox("none")
    place.run("command", "pwd")
    assert place.lines("stdout") == [str(place.repository)]


def test_events_are_handed_over_as_they_come(place):
    place.script({"say": "Hello"}, session_id="s")
    assert place.events[0] == Started("s", model="scripted")


def test_a_homes_files_are_written_through_no_link(tmp_path):
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (outside / "config.toml").write_text("untouched")
    (home / ".codex").symlink_to(outside)
    (home / "prompt.md").symlink_to(outside / "config.toml")
    write_files(home, {".codex/config.toml": b"ours", "prompt.md": b"ours"})
    assert (outside / "config.toml").read_text() == "untouched"
    assert (home / ".codex" / "config.toml").read_bytes() == b"ours"
    assert (home / "prompt.md").read_bytes() == b"ours"
    assert os.listdir(outside) == ["config.toml"]  # noqa: PTH208
