"""What the scripted model says and does in the flows with real agent CLIs: look, show the bug, fix, commit.

The CLIs really carry out every tool call. `{{cwd}}` and `{{issue}}` are filled in by the model server.
"""

from __future__ import annotations

import re
from typing import Any

from tests.flows.published_package import (
    BROKEN_TEST,
    MODULE,
    NEW_TEST,
    TEST_COMMAND,
    TESTS,
    TITLE,
    Edit,
    correcting_edit,
    hasty_edit,
    upstream_edit,
)
from tests.modelserver.scenario import Scenario, parse_scenarios

FIRST = r"(?s)working on issue #(?P<issue>\d+).*" + re.escape(TITLE)
RETRY = FIRST + r".*Attempt 2 of 3.*" + BROKEN_TEST
SHOWS_THE_BUG = rf"{NEW_TEST}.*1011 != 11.*FAILED"
ALL_PASS = r"Ran 78 tests.*^OK"
Step = dict[str, Any]


def claude_fixes() -> list[Scenario]:
    return _scenarios(("fix", FIRST, _claude_steps(upstream_edit(MODULE), check=_suite(), passed=ALL_PASS)))


def claude_fixes_at_the_second_try() -> list[Scenario]:
    """First it runs only its own new test, and so does not see what it broke."""
    only_new = _shell(f"{TEST_COMMAND} {TESTS[:-3]}.TestParseType.{NEW_TEST}", "Run the new test")
    return _scenarios(
        ("second try", RETRY, _claude_second_steps()),
        ("first try", FIRST, _claude_steps(hasty_edit(), check=only_new, passed=r"Ran 1 test.*^OK")),
    )


def codex_fixes() -> list[Scenario]:
    look = _shell(f"grep -n -A 45 'class int_convert' {MODULE}", "Read the conversion")
    steps = [
        {"text": "I look at the conversion.", "tool": look},
        {
            "expect": "self.base = 10",
            "text": "First a test that shows the bug.",
            "tool": _codex_edit(upstream_edit(TESTS)),
        },
        {"expect": "Success", "tool": _suite()},
        {
            "expect": SHOWS_THE_BUG,
            "text": "It fails as the issue says: the instance keeps the base.",
            "tool": _codex_edit(upstream_edit(MODULE)),
        },
        {"expect": "Success", "tool": _suite()},
        {"expect": ALL_PASS, "tool": _commit("Detect the base of each number anew")},
        _last("int_convert no longer keeps the base that it detected. A test covers it."),
    ]
    return _scenarios(("fix", FIRST, steps))


def _claude_steps(fix: Edit, *, check: Step, passed: str) -> list[Step]:
    return [
        {
            "text": "I look at the conversion and at its tests.",
            "tools": [
                {"name": "Read", "input": {"file_path": f"{{{{cwd}}}}/{MODULE}", "offset": 505, "limit": 60}},
                {"name": "Read", "input": {"file_path": f"{{{{cwd}}}}/{TESTS}", "offset": 1040, "limit": 30}},
            ],
        },
        {
            "expect": "class int_convert",
            "text": "First a test that shows the bug.",
            "tool": _claude_edit(upstream_edit(TESTS)),
        },
        {"expect": "updated", "tool": _suite()},
        {
            "expect": SHOWS_THE_BUG,
            "text": "It fails as the issue says: the instance keeps the base.",
            "tool": _claude_edit(fix),
        },
        {"expect": "updated", "tool": check},
        {"expect": passed, "tool": _commit("Detect the base of each number anew")},
        _last("int_convert no longer keeps the base that it detected. A test covers it."),
    ]


def _claude_second_steps() -> list[Step]:
    path = f"{{{{cwd}}}}/{MODULE}"
    return [
        {"text": f"The checks name {BROKEN_TEST}, so I run the whole suite.", "tool": _suite()},
        {
            "expect": rf"{BROKEN_TEST}.*FAILED",
            "text": "A given base was overridden. I look again.",
            "tool": {"name": "Read", "input": {"file_path": path, "offset": 505, "limit": 60}},
        },
        {"expect": "class int_convert", "tool": _claude_edit(correcting_edit())},
        {"expect": "updated", "tool": _suite()},
        {"expect": ALL_PASS, "tool": _commit("Keep a base that was given")},
        _last("Only a detected base is looked for anew; a given one stays. The whole suite passes."),
    ]


def _scenarios(*named: tuple[str, str, list[Step]]) -> list[Scenario]:
    found = [{"name": name, "match": match, "steps": steps} for name, match, steps in named]
    return parse_scenarios({"scenarios": found})


def _shell(command: str, description: str) -> Step:
    return {"shell": command, "description": description}


def _suite() -> Step:
    return _shell(f"{TEST_COMMAND} 2>&1 | tail -25", "Run the test suite")


def _commit(subject: str) -> Step:
    return _shell(f"git commit -qam '{subject} (#{{{{issue}}}})' && git log -1 --format=%s", "Commit")


def _last(summary: str) -> Step:
    return {"expect": r"\(#\d+\)", "text": f"{summary}\n\n/complete"}


def _claude_edit(edit: Edit) -> Step:
    given = {"file_path": f"{{{{cwd}}}}/{edit.path}", "old_string": edit.old, "new_string": edit.new}
    return {"name": "Edit", "input": given}


def _codex_edit(edit: Edit) -> Step:
    old = "".join(f"-{line}\n" for line in edit.old.splitlines())
    new = "".join(f"+{line}\n" for line in edit.new.splitlines())
    patch = f"*** Begin Patch\n*** Update File: {edit.path}\n@@\n{old}{new}*** End Patch"
    return _shell(f"apply_patch <<'PATCH'\n{patch}\nPATCH", f"Edit {edit.path}")
