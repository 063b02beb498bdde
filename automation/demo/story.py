"""The demo's story as data: three issues, the project's commands, what the scripted agent does about them.

The median is fixed at once. The bill is first fixed by half, its checks fail, the second try gets it right.
The third issue is labelled as one that people want to discuss.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from automation.demo import origin
from automation.demo.github import StandIn
from automation.demo.github.state import Repository

REPOSITORY = "acme/calc"
COMMANDS = {
    "lint_command": origin.LINT_COMMAND,
    "verification_command": origin.TEST_COMMAND,
    "build_command": origin.BUILD_COMMAND,
}
MARKER = "    @unittest.expectedFailure\n"
TEST_AVERAGES = origin.TEST_AVERAGES.replace(MARKER, "")
TEST_BILLS = origin.TEST_BILLS.replace(MARKER, "")


@dataclass(frozen=True)
class StoryIssue:
    title: str
    body: str
    labels: tuple[str, ...]


MEDIAN = StoryIssue(
    "median() is wrong for an even number of values",
    "`median([1, 2, 3, 4])` in `calc/averages.py` is 3. It should be 2.5, the mean of the middle two.\n\n"
    "`tests/test_averages.py` has a test for it, marked as an expected failure. Please take the marker off.",
    ("bug",),
)
BILL = StoryIssue(
    "split() loses cents when a bill does not divide evenly",
    "Ten euros for three: `split(1000, 3)` in `calc/bills.py` answers 333 for each, and one cent is gone.\n\n"
    "The shares must add up to the bill, and nobody should pay more than one cent more than anybody else. "
    "The tests in `tests/test_bills.py` are marked as expected failures.",
    ("bug",),
)
DECIMAL = StoryIssue(
    "Use Decimal instead of whole cents",
    "Callers convert back and forth. Some of us would rather keep cents, so let us talk first.",
    ("enhancement", "needs-discussion"),
)
ISSUES = (MEDIAN, BILL, DECIMAL)

AVERAGES_FIXED = origin.AVERAGES.replace(
    "    return ordered[len(ordered) // 2]\n",
    "    middle = len(ordered) // 2\n"
    "    if len(ordered) % 2:\n"
    "        return ordered[middle]\n"
    "    return (ordered[middle - 1] + ordered[middle]) / 2\n",
)
BILLS_HALF_FIXED = origin.BILLS.replace(
    "    return [total // people] * people\n",
    "    share, rest = divmod(total, people)\n    return [share + rest] + [share] * (people - 1)\n",
)
BILLS_FIXED = origin.BILLS.replace(
    "    return [total // people] * people\n",
    "    share, rest = divmod(total, people)\n    return [share + 1] * rest + [share] * (people - rest)\n",
)

FIX_MEDIAN = [
    {"say": "With an even number of values, calc/averages.py answers the upper one of the middle two."},
    {"write": {"tests/test_averages.py": TEST_AVERAGES, "calc/averages.py": AVERAGES_FIXED}},
    {"run": "python3 -m unittest tests.test_averages"},
    {"commit": "Return the mean of the two middle values"},
    {"say": "An even number of values now gives the mean of the two in the middle. The tests pass."},
]
FIX_BILL_BY_HALF = [
    {"say": "Integer division drops the rest. I let the first person pay it."},
    {"write": {"tests/test_bills.py": TEST_BILLS, "calc/bills.py": BILLS_HALF_FIXED}},
    {"run": "python3 -m unittest tests.test_bills.SplitTest.test_no_cent_is_lost"},
    {"commit": "Keep the cents that do not divide evenly"},
    {"say": "The shares add up to the bill again."},
]
FIX_BILL = [
    {"say": "The checks say that one person pays two cents more. The rest has to go out one cent at a time."},
    {"write": {"tests/test_bills.py": TEST_BILLS, "calc/bills.py": BILLS_FIXED}},
    {"run": "python3 -m unittest tests.test_bills"},
    {"commit": "Hand out the remaining cents one by one"},
    {"say": "The shares add up, and they differ by one cent at most. All tests of the module pass."},
]


def agent_script(*, pace: float = 0.0) -> str:
    """The scripted agent's script file. A retry is known by the test run's own word in the prompt."""
    rules: list[dict[str, Any]] = [
        {"match": f"(?s)(?=.*{re.escape(BILL.title)})(?=.*FAILED \\()", "steps": FIX_BILL},
        {"match": re.escape(BILL.title), "steps": FIX_BILL_BY_HALF},
        {"match": re.escape(MEDIAN.title), "steps": FIX_MEDIAN},
    ]
    return json.dumps({"pace": pace, "rules": rules}, indent=2)


def set_stage(hub: StandIn) -> Repository:
    """Create the repository with its history and the three issues on a stand-in."""
    repo = hub.create_repository(REPOSITORY)
    origin.fill(repo.bare, repo.default_branch)
    for issue in ISSUES:
        hub.create_issue(repo, issue.title, issue.body, issue.labels)
    return repo
