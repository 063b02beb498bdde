"""The scripted agent, run for real in the sandbox."""

from __future__ import annotations

import json
import time

import pytest

from automation.agents.events import Text, ToolCall, ToolResult
from projects.workspace.trees import is_alive
from tests.automation.agents.conftest import BUGGY
from tests.automation.agents.processes import all_arguments

FIXED = BUGGY.replace(" - 1", "")


def test_it_edits_tests_commits_and_says_that_it_is_done(place):
    result = place.script(
        {"say": "The last value is missing."},
        {"replace": {"path": "calc.py", "old": " - 1)", "new": ")"}},
        {"run": "python3 -m unittest -q"},
        {"commit": "It's every value (fixes #7)"},
        session_id="s-1",
    )
    assert (result.outcome, result.marker, result.agent_session_id) == ("done", "complete", "s-1")
    assert result.final_text == "The last value is missing.\n\n/complete"
    assert place.git("log", "-1", "--format=%s").strip() == "It's every value (fixes #7)"
    assert place.git("show", "HEAD:calc.py") == FIXED
    assert result.turns == 5
    assert result.output_tokens == 100
    assert result.cost_usd is None
    kinds = [type(e) for e in place.events if isinstance(e, Text | ToolCall | ToolResult)]
    assert kinds == [Text, *[ToolCall, ToolResult] * 3, Text]


def test_files_are_written_and_deleted_in_the_repository(place):
    place.script({"write": {"docs/a.md": "A\n", "b.md": "B\n"}}, {"delete": "calc.py"}, {"commit": "Move"})
    assert place.git("ls-files").split() == ["b.md", "docs/a.md", "test_calc.py"]


def test_a_failing_step_is_reported_and_the_script_goes_on(place):
    result = place.script({"run": "exit 3"}, {"replace": {"path": "calc.py", "old": "nowhere", "new": "x"}})
    assert [e.is_error for e in place.events if isinstance(e, ToolResult)] == [True, True]
    assert result.outcome == "done"


@pytest.mark.parametrize(
    ("prompt", "words"),
    [("Fix #1", "first\n\n/complete"), ("Fix #1. Checks failed.", "second\n\n/complete"), ("#3", "/blocked")],
)
def test_the_first_rule_that_fits_is_played(place, prompt, words):
    rules = [
        {"match": "#1", "unless": "Checks failed", "steps": [{"say": "first"}]},
        {"match": "#1|#2", "steps": [{"say": "second"}]},
    ]
    path = place.root / "story.json"
    path.write_text(json.dumps({"rules": rules}))
    assert place.run("scripted", str(path), prompt).final_text.startswith(words)


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        ({"say": "Hm.\n/needs-human: Which value?"}, "asked"),
        ({"say": "/blocked: no network"}, "blocked"),
        ({"fail": {"status": 429}}, "rate_limit"),
        ({"fail": {"status": 401}}, "auth"),
        ({"fail": {"message": "usage limit reached"}}, "usage_limit"),
        ({"exit": 0}, "crashed"),
    ],
)
def test_it_can_end_in_every_way(place, step, outcome):
    assert place.script(step).outcome == outcome


def test_a_process_that_it_leaves_behind_is_gone_with_it(place):
    result = place.script({"daemon": 4321})
    assert result.outcome == "done"
    assert not is_alive(place.started[0])
    assert "4321" not in all_arguments()


def test_its_pace_is_kept(place):
    path = place.root / "story.json"
    path.write_text(json.dumps({"pace": 0.3, "rules": [{"steps": [{"say": "a"}, {"say": "b"}]}]}))
    began = time.monotonic()
    place.run("scripted", str(path))
    assert time.monotonic() - began > 0.6
