from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest


def numbers(response):
    assert response.status_code == 200, response.text
    return [issue["number"] for issue in response.json()]


def test_issues_and_pull_requests_share_numbers_and_the_list(hub, api, branch):
    assert hub.create_issue("acme/calc", "First") == 1
    branch()
    made = api.ask("POST", "/pulls", json={"title": "Two", "head": "feature/issue-1", "base": "main"})
    assert made.json()["number"] == 2
    listed = api.ask("GET", "/issues").json()
    assert [(issue["number"], "pull_request" in issue) for issue in listed] == [(2, True), (1, False)]
    assert api.ask("GET", "/issues/2").json()["pull_request"]["html_url"].endswith("/acme/calc/pull/2")


def test_filters_and_order_are_githubs(hub, api):
    for title, labels in (("a", ["bug"]), ("b", ["bug", "ui"]), ("c", [])):
        hub.create_issue("acme/calc", title, labels=labels)
    hub.close("acme/calc", 1)
    hub.edit_issue("acme/calc", 2, assignees=["bob"], milestone="1.0")
    assert numbers(api.ask("GET", "/issues")) == [3, 2]
    assert numbers(api.ask("GET", "/issues", params={"state": "all", "labels": "bug"})) == [2, 1]
    assert numbers(api.ask("GET", "/issues", params={"state": "all", "labels": "UI,bug"})) == [2]
    assert numbers(api.ask("GET", "/issues", params={"state": "closed"})) == [1]
    assert numbers(api.ask("GET", "/issues", params={"assignee": "bob"})) == [2]
    assert numbers(api.ask("GET", "/issues", params={"assignee": "none"})) == [3]
    assert numbers(api.ask("GET", "/issues", params={"milestone": "1"})) == [2]
    assert numbers(api.ask("GET", "/issues", params={"direction": "asc", "sort": "created"})) == [2, 3]
    assert api.ask("GET", "/milestones").json()[0]["title"] == "1.0"


def test_since_and_updated_order_follow_the_last_change(hub, api):
    for title in "abc":
        hub.create_issue("acme/calc", title)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    hub.edit_issue("acme/calc", 1, title="changed", updated_at=later)
    query = {"state": "all", "sort": "updated", "direction": "asc"}
    assert numbers(api.ask("GET", "/issues", params=query)) == [2, 3, 1]
    since = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert numbers(api.ask("GET", "/issues", params=query | {"since": since})) == [1]
    assert api.ask("GET", "/issues/1").json()["updated_at"] == since


def test_a_listing_shows_a_change_made_between_two_requests(hub, api):
    hub.create_issue("acme/calc", "a")
    assert numbers(api.ask("GET", "/issues")) == [1]
    hub.create_issue("acme/calc", "b")
    assert numbers(api.ask("GET", "/issues")) == [2, 1]
    hub.close("acme/calc", 1)
    assert numbers(api.ask("GET", "/issues")) == [2]


def test_closing_and_reopening_keep_githubs_fields(hub, api):
    hub.create_issue("acme/calc", "a")
    closed = api.ask("PATCH", "/issues/1", json={"state": "closed", "state_reason": "not_planned"}).json()
    assert (closed["state"], closed["state_reason"]) == ("closed", "not_planned")
    assert closed["closed_at"]
    assert closed["closed_by"]["login"] == "autowrkers-bot"
    opened = api.ask("PATCH", "/issues/1", json={"state": "open"}).json()
    assert (opened["state"], opened["state_reason"], opened["closed_at"]) == ("open", "reopened", None)


def test_labels_are_added_replaced_and_removed_in_any_case(hub, api):
    hub.create_issue("acme/calc", "a", labels=["Bug"])
    added = api.ask("POST", "/issues/1/labels", json={"labels": ["bug", "in progress"]})
    assert [label["name"] for label in added.json()] == ["Bug", "in progress"]
    assert [label["name"] for label in api.ask("DELETE", "/issues/1/labels/in%20progress").json()] == ["Bug"]
    assert api.ask("DELETE", "/issues/1/labels/missing").status_code == 404
    replaced = api.ask("PUT", "/issues/1/labels", json={"labels": ["done"]})
    assert [label["name"] for label in replaced.json()] == ["done"]
    assert len(api.ask("GET", "/labels").json()) == 3
    assert [label["name"] for label in api.ask("GET", "/issues/1/labels").json()] == ["done"]


def test_comments_are_written_paged_and_edited(hub, api):
    hub.create_issue("acme/calc", "a")
    hub.comment("acme/calc", 1, "from a person")
    made = api.ask("POST", "/issues/1/comments", json={"body": "from the bot"})
    assert made.status_code == 201
    assert api.ask("GET", "/issues/1").json()["comments"] == 2
    second = api.ask("GET", "/issues/1/comments", params={"per_page": 1, "page": 2}).json()
    assert [comment["body"] for comment in second] == ["from the bot"]
    path = f"/issues/comments/{made.json()['id']}"
    assert api.ask("PATCH", path, json={"body": "better"}).json()["body"] == "better"
    assert api.ask("GET", path).json()["user"]["login"] == "autowrkers-bot"
    assert [comment.body for comment in hub.comments("acme/calc", 1)] == ["from a person", "better"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"body": ""}, "body cannot be blank"),
        ({"body": "x" * 65_537}, "body is too long (maximum is 65536 characters)"),
    ],
)
def test_a_comment_that_github_would_not_take_is_refused(hub, api, body, field):
    hub.create_issue("acme/calc", "a")
    answer = api.ask("POST", "/issues/1/comments", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == field


def test_a_locked_issue_takes_comments_of_writers_only(hub, api):
    hub.create_issue("acme/calc", "a")
    hub.edit_issue("acme/calc", 1, locked=True)
    assert api.ask("POST", "/issues/1/comments", json={"body": "hello"}).status_code == 201
    hub.permit("acme/calc", "autowrkers-bot", "read")
    assert api.ask("POST", "/issues/1/comments", json={"body": "hello"}).status_code == 403


def test_an_issue_made_over_the_api_has_its_labels(api):
    made = api.ask("POST", "/issues", json={"title": "a", "body": "b", "labels": ["bug"]})
    assert made.status_code == 201
    assert made.json()["labels"][0]["name"] == "bug"
    assert api.ask("POST", "/issues", json={"title": ""}).status_code == 422


def test_authors_are_associated_by_their_permission(hub, api):
    for author in ("alice", "autowrkers-bot", "mallory"):
        hub.create_issue("acme/calc", "a", author=author)
    shown = [issue["author_association"] for issue in api.ask("GET", "/issues").json()]
    assert shown == ["NONE", "COLLABORATOR", "MEMBER"]
    asked = [api.ask("GET", f"/collaborators/{name}/permission").json() for name in ("alice", "mallory")]
    assert [answer["permission"] for answer in asked] == ["admin", "read"]
