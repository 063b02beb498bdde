"""GitHub's answers become values, and a malformed one is named instead of guessed at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from projects.errors import Retryable
from projects.github.payloads import (
    MalformedPayload,
    decode_comment,
    decode_issue,
    decode_issue_page,
    decode_pull_request,
    decode_repository,
)
from tests.projects.github import samples

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_an_issue_is_read_whole():
    issue = decode_issue(samples.issue())
    assert (issue.number, issue.title, issue.body) == (7, "Division by zero", "It *fails*.")
    assert issue.labels == ("bug", "good first issue")
    assert (issue.state, issue.state_reason) == ("open", "")
    assert (issue.author, issue.author_association, issue.assignees) == ("octocat", "OWNER", ("hubot",))
    assert issue.milestone == "v1"
    assert (issue.created_at, issue.updated_at) == (NOON, NOON)
    assert (issue.is_pull_request, issue.locked) == (False, False)


def test_what_github_may_leave_empty_may_be_empty():
    issue = decode_issue(samples.issue(body=None, user=None, milestone=None, labels=[], assignees=[]))
    assert (issue.body, issue.author, issue.milestone, issue.labels) == ("", "", None, ())


def test_labels_may_be_plain_names():
    assert decode_issue(samples.issue(labels=["bug", {"name": None}])).labels == ("bug",)


def test_a_pull_request_in_the_list_of_issues_is_marked():
    assert decode_issue(samples.issue(pull_request={"url": "x"})).is_pull_request


def test_characters_that_no_database_takes_are_replaced():
    issue = decode_issue(samples.issue(title="a\x00b", body="c\ud800d 🚀"))
    assert (issue.title, issue.body) == ("a\ufffdb", "c\ufffdd 🚀")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "7"),
        ("number", True),
        ("number", 0),
        ("number", 2**63),
        ("title", None),
        ("title", ""),
        ("body", 5),
        ("labels", None),
        ("labels", {}),
        ("labels", [7]),
        ("state", "ajar"),
        ("user", "octocat"),
        ("user", {}),
        ("assignees", [None]),
        ("milestone", {}),
        ("updated_at", "yesterday"),
        ("updated_at", None),
        ("updated_at", "0001-01-01T00:00:00+23:00"),
        ("locked", "no"),
    ],
)
def test_an_issue_with_a_wrong_field_is_malformed_and_the_field_is_named(field, value):
    with pytest.raises(MalformedPayload, match=field) as caught:
        decode_issue(samples.issue(**{field: value}))
    assert isinstance(caught.value, Retryable)
    assert caught.value.code == "github.unavailable"


@pytest.mark.parametrize("raw", [None, [], "issue", 7])
def test_something_else_than_an_object_is_malformed(raw):
    with pytest.raises(MalformedPayload):
        decode_issue(raw)


def test_one_malformed_issue_does_not_lose_the_others():
    page = decode_issue_page(
        [samples.issue(number=1), samples.issue(number=2, title=None), None, samples.issue()]
    )
    assert [issue.number for issue in page.issues] == [1, 7]
    assert decode_issue_page([samples.issue(number="x")]).malformed == [
        "#?: GitHub's answer has no valid 'number'."
    ]
    assert page.malformed == [
        "#2: GitHub's answer has no valid 'title'.",
        "#?: GitHub's answer has no valid 'object'.",
    ]


def test_a_page_that_is_no_list_is_malformed_as_a_whole():
    with pytest.raises(MalformedPayload):
        decode_issue_page({"message": "hello"})


def test_a_repository_tells_whether_we_may_push():
    assert decode_repository(samples.repository()).can_push
    assert not decode_repository(samples.repository(permissions={"push": False})).can_push
    without = samples.repository()
    del without["permissions"]
    assert not decode_repository(without).can_push


def test_a_comment_is_read():
    comment = decode_comment(samples.comment(user=None))
    assert (comment.id, comment.body, comment.author, comment.created_at) == (1, "Done.", "", NOON)


def test_an_open_pull_request_has_no_merge_commit_although_github_names_its_test_merge():
    pr = decode_pull_request(samples.pull_request())
    assert (pr.state, pr.merged, pr.merged_at, pr.merge_commit_sha) == ("open", False, None, None)
    assert (pr.head_repo, pr.head_ref, pr.head_sha) == ("octocat/hello", "feature/issue-7", "a" * 40)
    assert (pr.base_ref, pr.mergeable) == ("main", None)


def test_a_merged_pull_request_tells_when_by_whom_and_as_what():
    merged = samples.pull_request(state="closed", merged_at=samples.MOMENT, merged_by={"login": "boss"})
    pr = decode_pull_request(merged)
    assert (pr.merged, pr.merged_at, pr.merged_by, pr.merge_commit_sha) == (True, NOON, "boss", "c" * 40)


def test_a_pull_request_of_a_deleted_fork_has_no_head_repository():
    head = {"ref": "x", "sha": "a" * 40, "repo": None}
    assert decode_pull_request(samples.pull_request(head=head)).head_repo is None


def test_a_wrong_field_deep_inside_is_named_with_its_path():
    with pytest.raises(MalformedPayload, match=r"head\.sha"):
        decode_pull_request(samples.pull_request(head={"ref": "x", "repo": None}))
