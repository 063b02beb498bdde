from __future__ import annotations

import pytest

PULL = {"title": "Add news", "head": "feature/issue-1", "base": "main", "body": "Fixes #1"}


@pytest.fixture
def pull(hub, api, branch):
    """An issue 1 and the open pull request 2 that says it fixes it."""
    hub.create_issue("acme/calc", "No news")
    branch()
    made = api.ask("POST", "/pulls", json=PULL)
    assert made.status_code == 201, made.text
    return made.json()


def refusal(response):
    assert response.status_code == 422
    return response.json()["errors"][0]


def test_a_pull_request_shows_its_branch_and_size(pull, hub):
    assert pull["head"]["sha"] == hub.repository("acme/calc").bare.resolve("feature/issue-1")
    assert pull["head"]["label"] == "acme:feature/issue-1"
    assert (pull["commits"], pull["changed_files"], pull["additions"]) == (1, 1, 1)
    assert (pull["state"], pull["merged"], pull["mergeable"]) == ("open", False, True)


def test_the_head_of_an_open_pull_request_moves_with_its_branch(pull, api, branch):
    moved = branch(text="newer\n")
    shown = api.ask("GET", "/pulls/2").json()
    assert shown["head"]["sha"] == moved != pull["head"]["sha"]
    assert [commit["sha"] for commit in api.ask("GET", "/pulls/2/commits").json()][-1] == moved
    api.ask("PATCH", "/pulls/2", json={"state": "closed"})
    branch(text="newest\n")
    assert api.ask("GET", "/pulls/2").json()["head"]["sha"] == moved


def test_a_second_pull_request_for_a_branch_is_refused_in_githubs_words(pull, api):
    said = refusal(api.ask("POST", "/pulls", json=PULL))["message"]
    assert said == "A pull request already exists for acme:feature/issue-1."
    api.ask("PATCH", "/pulls/2", json={"state": "closed"})
    assert api.ask("POST", "/pulls", json=PULL).status_code == 201


def test_what_cannot_be_a_pull_request_is_refused(hub, api, branch):
    bare = hub.repository("acme/calc").bare
    bare.git("branch", "same", "main")
    branch()
    assert (
        refusal(api.ask("POST", "/pulls", json=PULL | {"head": "same"}))["message"]
        == "No commits between main and same"
    )
    assert refusal(api.ask("POST", "/pulls", json=PULL | {"head": "missing"}))["field"] == "head"
    assert refusal(api.ask("POST", "/pulls", json=PULL | {"head": "bob:feature/issue-1"}))["field"] == "head"
    assert refusal(api.ask("POST", "/pulls", json=PULL | {"base": "missing"}))["field"] == "base"
    assert refusal(api.ask("POST", "/pulls", json=PULL | {"title": ""}))["code"] == "missing_field"


def test_lists_are_filtered_by_head_only_when_it_names_its_owner(pull, api, branch):
    branch("other")
    api.ask("POST", "/pulls", json=PULL | {"head": "acme:other"})

    def listed(**query):
        return [each["number"] for each in api.ask("GET", "/pulls", params=query).json()]

    assert listed(head="acme:other") == [3]
    assert listed(head="other") == [3, 2]
    assert listed(head="bob:other") == []
    assert listed(base="elsewhere") == []
    assert listed(state="closed") == []
    assert listed(state="all", sort="updated", direction="desc") == [3, 2]


def test_a_merge_is_a_real_commit_and_closes_what_it_fixes(pull, hub, api):
    bare = hub.repository("acme/calc").bare
    before = bare.resolve("main")
    assert api.ask("GET", "/pulls/2/merge").status_code == 404
    sha = hub.merge("acme/calc", 2)
    assert bare.resolve("main") == sha
    assert bare.git("log", "-1", "--format=%P", "main").split() == [before, pull["head"]["sha"]]
    assert "new" in bare.git("show", "main:NEWS.md")
    shown = api.ask("GET", "/pulls/2").json()
    assert (shown["state"], shown["merged"], shown["merged_by"]["login"]) == ("closed", True, "alice")
    assert shown["merge_commit_sha"] == sha
    assert shown["merged_at"]
    issue = api.ask("GET", "/issues/1").json()
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert api.ask("GET", "/pulls/2/merge").status_code == 204


def test_a_merge_into_another_branch_closes_no_issue(hub, api, branch):
    hub.create_issue("acme/calc", "No news")
    branch("next", path="OTHER.md")
    branch()
    api.ask("POST", "/pulls", json=PULL | {"base": "next"})
    hub.merge("acme/calc", 2)
    assert hub.issue("acme/calc", 1).state == "open"


def test_a_conflict_is_neither_mergeable_nor_merged(pull, api, branch):
    branch("main", text="other news\n")
    shown = api.ask("GET", "/pulls/2").json()
    assert (shown["mergeable"], shown["mergeable_state"]) == (False, "dirty")
    assert api.ask("PUT", "/pulls/2/merge", json={}).status_code == 405


def test_a_merge_over_the_api_checks_the_expected_head(pull, api):
    assert api.ask("PUT", "/pulls/2/merge", json={"sha": "0" * 40}).status_code == 409
    merged = api.ask("PUT", "/pulls/2/merge", json={"sha": pull["head"]["sha"]})
    assert merged.json()["merged"] is True


def test_a_deleted_branch_closes_its_pull_request(pull, hub, api):
    hub.repository("acme/calc").bare.git("update-ref", "-d", "refs/heads/feature/issue-1")
    shown = api.ask("GET", "/pulls/2").json()
    assert (shown["state"], shown["merged"], shown["head"]["sha"]) == ("closed", False, pull["head"]["sha"])


def test_reviews_checks_and_statuses_show_what_people_and_ci_said(pull, hub, api):
    sha = pull["head"]["sha"]
    hub.review("acme/calc", 2, "REQUEST_CHANGES", body="No.")
    assert api.ask("POST", "/pulls/2/reviews", json={"event": "APPROVE"}).status_code == 422
    assert [given["state"] for given in api.ask("GET", "/pulls/2/reviews").json()] == ["CHANGES_REQUESTED"]
    assert api.ask("GET", f"/commits/{sha}/status").json()["state"] == "pending"
    hub.set_status("acme/calc", sha, "failure")
    hub.set_status("acme/calc", sha, "success")
    combined = api.ask("GET", "/commits/feature/issue-1/status").json()
    assert (combined["state"], combined["total_count"]) == ("success", 1)
    assert api.ask("POST", f"/statuses/{sha}", json={"state": "error", "context": "x"}).status_code == 201
    assert api.ask("GET", f"/commits/{sha}/status").json()["state"] == "failure"
    hub.set_check("acme/calc", sha, None)
    hub.set_check("acme/calc", sha, "failure")
    runs = api.ask("GET", f"/commits/{sha}/check-runs").json()
    assert [(run["status"], run["conclusion"]) for run in runs["check_runs"]] == [("completed", "failure")]
    assert api.ask("GET", f"/commits/{'0' * 40}/check-runs").status_code == 422
