"""Each question and change of the client: what it sends, and what it makes of the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from projects.github.errors import GitHubUnavailable, Moved, MutationUnknown, NotFound, ValidationFailed
from projects.github.payloads import MalformedPayload
from tests.projects.github import samples
from tests.projects.github.conftest import Reply

REPO = "octocat/hello"
BASE = "/repos/octocat/hello"
SINCE = datetime(2026, 3, 1, 14, 0, 0, 500, tzinfo=timezone(timedelta(hours=2)))


def sent(server):
    """What the last request changed."""
    asked = server.asked[-1]
    return asked.method, asked.path, asked.payload


def test_the_login_is_asked_for(server, client):
    server.will_answer(Reply({"login": "octobot"}))
    assert client.get_login() == "octobot"
    assert server.asked[0].path == "/user"


def test_a_renamed_repository_is_found_under_its_new_name(server, client):
    server.will_answer(Reply({}, status=301, headers={"Location": "/repositories/42"}))
    server.will_answer(Reply(samples.repository(full_name="octocat/new")))
    repository = client.get_repository(REPO)
    assert (repository.id, repository.full_name) == (42, "octocat/new")


@pytest.mark.parametrize(
    "repo", ["../../user", "octocat/hello/../..", "octocat/..", "octocat", "a/b?c=d", "a/b#c"]
)
def test_a_name_that_would_lead_elsewhere_is_never_sent(server, client, repo):
    with pytest.raises(NotFound):
        client.get_repository(repo)
    assert server.asked == []


def test_issues_are_listed_by_their_last_change_page_by_page(server, client):
    link = {"Link": f'<{server.url}{BASE}/issues?page=2>; rel="next"'}
    server.will_answer(Reply([samples.issue(number=1), samples.issue(title=None)], headers=link))
    server.will_answer(Reply([samples.issue(number=3, pull_request={})]))
    first, second = client.iter_issues(REPO, state="all", since=SINCE)
    assert ([issue.number for issue in first.issues], len(first.malformed)) == ([1], 1)
    assert [issue.number for issue in second.issues] == [3]
    assert server.asked[0].path == f"{BASE}/issues"
    assert server.asked[0].query == {
        "state": "all",
        "sort": "updated",
        "direction": "asc",
        "since": "2026-03-01T12:00:00Z",
        "per_page": "100",
    }


def test_a_page_is_fetched_only_when_it_is_wanted(server, client):
    link = {"Link": f'<{server.url}{BASE}/issues?page=2>; rel="next"'}
    server.will_answer(Reply([samples.issue()], headers=link))
    next(client.iter_issues(REPO, state="open", since=None))
    assert len(server.asked) == 1


def test_issues_can_be_asked_for_by_githubs_own_filters(server, client):
    server.will_answer(Reply([samples.issue(), samples.issue(number=8, pull_request={"url": "x"})]))
    found = client.get_issues(REPO, {"labels": ["bug", "p1"], "state": "all", "since": SINCE})
    assert [issue.number for issue in found] == [7]
    assert server.asked[0].query == {
        "labels": "bug,p1",
        "state": "all",
        "since": "2026-03-01T12:00:00Z",
        "per_page": "100",
    }


def test_a_filter_that_github_would_ignore_is_an_error(server, client):
    with pytest.raises(ValueError, match="exclude_labels"):
        client.get_issues(REPO, {"exclude_labels": ["wip"]})
    assert server.asked == []


def test_an_issue_is_read(server, client):
    server.will_answer(Reply(samples.issue()))
    assert client.get_issue(REPO, 7).title == "Division by zero"
    assert server.asked[0].path == f"{BASE}/issues/7"


def test_an_issue_transferred_to_another_repository_has_moved(server, client):
    elsewhere = samples.issue(number=3, repository_url="https://api.github.com/repos/octocat/other")
    server.will_answer(Reply({}, status=301, headers={"Location": "/repositories/43/issues/3"}))
    server.will_answer(Reply(elsewhere), Reply(samples.repository()))
    with pytest.raises(Moved, match=r"octocat/hello#7 is now octocat/other#3"):
        client.get_issue(REPO, 7)


def test_an_issue_of_a_renamed_repository_has_not_moved(server, client):
    renamed = samples.issue(repository_url="https://api.github.com/repos/octocat/new")
    server.will_answer(Reply({}, status=301, headers={"Location": "/repositories/42/issues/7"}))
    server.will_answer(Reply(renamed), Reply(samples.repository(full_name="octocat/new")))
    assert client.get_issue(REPO, 7).number == 7


def test_comments_are_read_over_all_pages(server, client):
    link = {"Link": f'<{server.url}{BASE}/issues/7/comments?page=2>; rel="next"'}
    server.will_answer(Reply([samples.comment()], headers=link), Reply([samples.comment(id=2)]))
    assert [comment.id for comment in client.get_comments(REPO, 7, since=SINCE)] == [1, 2]
    assert server.asked[0].query == {"since": "2026-03-01T12:00:00Z", "per_page": "100"}


def test_one_unreadable_comment_hides_none_because_a_marker_may_be_in_it(server, client):
    server.will_answer(Reply([samples.comment(), {"id": "x"}]))
    with pytest.raises(MalformedPayload):
        client.get_comments(REPO, 7)


@pytest.mark.parametrize("data", [{}, {"message": "hi"}, None, "", 0])
def test_a_list_that_is_none_is_malformed_and_not_empty(server, client, data):
    server.will_answer(Reply(data))
    with pytest.raises(GitHubUnavailable):
        client.get_comments(REPO, 7)


def test_a_comment_is_written(server, client):
    server.will_answer(Reply(samples.comment(body="Hi"), status=201))
    assert client.create_comment(REPO, 7, "Hi").id == 1
    assert sent(server) == ("POST", f"{BASE}/issues/7/comments", {"body": "Hi"})


def test_an_unreadable_answer_to_a_comment_leaves_it_in_doubt(server, client):
    server.will_answer(Reply({"id": None}, status=201))
    with pytest.raises(MutationUnknown):
        client.create_comment(REPO, 7, "Hi")


def test_labels_are_replaced_and_cleared(server, client):
    server.will_answer(Reply([{"name": "bug"}]), Reply(samples.issue(labels=[])))
    client.update_issue_labels(REPO, 7, ["bug"])
    assert sent(server) == ("PUT", f"{BASE}/issues/7/labels", {"labels": ["bug"]})
    client.update_issue_labels(REPO, 7, [])
    assert sent(server) == ("PATCH", f"{BASE}/issues/7", {"labels": []})


def test_labels_are_added_and_no_label_is_no_request(server, client):
    server.will_answer(Reply([{"name": "bug"}, {"name": "x"}]))
    client.add_labels(REPO, 7, [])
    client.add_labels(REPO, 7, ["x"])
    assert len(server.asked) == 1
    assert sent(server) == ("POST", f"{BASE}/issues/7/labels", {"labels": ["x"]})


def test_an_issue_is_closed_with_a_reason(server, client):
    server.will_answer(Reply(samples.issue(state="closed", state_reason="not_planned")))
    assert client.close_issue(REPO, 7, reason="not_planned").state == "closed"
    assert sent(server) == ("PATCH", f"{BASE}/issues/7", {"state": "closed", "state_reason": "not_planned"})


def test_a_pull_request_is_opened(server, client):
    server.will_answer(Reply(samples.pull_request(), status=201))
    assert client.create_pr(REPO, "feature/issue-7", "main", "Fix", "Fixes #7").number == 8
    payload = {"head": "feature/issue-7", "base": "main", "title": "Fix", "body": "Fixes #7", "draft": False}
    assert sent(server) == ("POST", f"{BASE}/pulls", payload)


def test_a_second_pull_request_for_a_branch_is_githubs_refusal(server, client):
    errors = [
        {"resource": "PullRequest", "code": "custom", "message": "A pull request already exists for x."}
    ]
    server.will_answer(Reply({"message": "Validation Failed", "errors": errors}, status=422))
    with pytest.raises(ValidationFailed, match="already exists"):
        client.create_pr(REPO, "x", "main", "Fix", "")


def test_pull_requests_are_found_by_owner_and_branch_in_any_state(server, client):
    server.will_answer(Reply([samples.pull_request(state="closed")]), Reply([]))
    assert [pr.number for pr in client.find_prs(REPO, owner="octocat", branch="größe/🚀", base="main")] == [8]
    assert server.asked[0].query == {
        "state": "all",
        "head": "octocat:größe/🚀",
        "base": "main",
        "per_page": "100",
    }
    assert client.find_prs(REPO, owner="octocat", branch="x") == []
    assert "base" not in server.asked[1].query


def test_the_status_of_a_pull_request_joins_statuses_checks_and_reviews(server, client):
    server.will_answer(
        Reply(samples.pull_request(draft=True, mergeable=True)),
        Reply({"state": "success", "statuses": [{}]}),
        Reply({"total_count": 1, "check_runs": [samples.check_run()]}),
        Reply([samples.review("APPROVED")]),
    )
    status = client.get_pr_status(REPO, 8)
    assert (status.state, status.checks, status.review) == ("draft", "success", "approved")
    assert (status.pr.number, status.pr.mergeable) == (8, True)
    commit = f"{BASE}/commits/{'a' * 40}"
    assert [asked.path for asked in server.asked] == [
        f"{BASE}/pulls/8",
        f"{commit}/status",
        f"{commit}/check-runs",
        f"{BASE}/pulls/8/reviews",
    ]


def test_a_token_that_may_not_read_checks_still_learns_of_the_merge(server, client):
    refused = Reply({"message": "Resource not accessible by personal access token"}, status=403)
    merged = samples.pull_request(state="closed", merged_at=samples.MOMENT)
    server.will_answer(Reply(merged), refused, refused, Reply([]))
    status = client.get_pr_status(REPO, 8)
    assert (status.state, status.checks) == ("merged", "none")


def test_githubs_time_is_ours_until_it_has_answered(server, client):
    assert abs(client.server_time() - datetime.now(UTC)) < timedelta(minutes=1)
    server.will_answer(Reply({"login": "x"}, headers={"Date": "Sun, 01 Mar 2026 12:00:00 GMT"}))
    client.get_login()
    assert client.server_time() == datetime(2026, 3, 1, 12, tzinfo=UTC)
