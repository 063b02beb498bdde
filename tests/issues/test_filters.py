"""Which issues a project's filter takes, and which label skips one."""

from __future__ import annotations

import pytest

from issues.filters import matches, skip_label

ISSUE = {"labels": ["Bug", "ui"], "assignees": ["Ann"], "milestone": "v1"}
BARE = {"labels": [], "assignees": [], "milestone": None}


@pytest.mark.parametrize(
    ("issue_filter", "taken"),
    [
        ({}, True),
        ({"labels": [], "exclude_labels": [], "assignees": [], "milestones": []}, True),
        ({"labels": ["bug"]}, True),
        ({"labels": ["bug", "UI"]}, True),
        ({"labels": ["bug", "api"]}, False),
        ({"exclude_labels": ["wontfix"]}, True),
        ({"exclude_labels": ["wontfix", "BUG"]}, False),
        ({"assignees": ["bob", "ann"]}, True),
        ({"assignees": ["bob"]}, False),
        ({"milestones": ["V1", "v2"]}, True),
        ({"milestones": ["v2"]}, False),
        ({"labels": ["bug"], "assignees": ["bob"]}, False),
    ],
)
def test_an_issue_is_taken_when_every_part_of_the_filter_agrees(issue_filter, taken):
    assert matches(issue_filter, **ISSUE) is taken


@pytest.mark.parametrize("key", ["labels", "assignees", "milestones"])
def test_an_issue_without_anything_meets_no_wish(key):
    assert not matches({key: ["x"]}, **BARE)


def test_the_skip_label_is_named_as_the_issue_spells_it():
    assert skip_label(["bug", "Needs-Discussion"]) == "Needs-Discussion"
    assert skip_label(["bug"]) is None
    assert skip_label(["needs-discussion", "later"], ["later"]) == "later"
