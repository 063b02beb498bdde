"""Sessions and issues through the API: reading, filtering, start, retry, skip, stop."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from issues.models import IssueSession, SessionEvent
from issues.states import Status
from projects.models import Role
from tests.factories import (
    api_client,
    create_attempt,
    create_project,
    create_result,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
FIELDS = [
    "id",
    "public_id",
    "project",
    "session_id",
    "github_issue_number",
    "github_issue_title",
    "github_issue_body",
    "github_issue_labels",
    "status",
    "step",
    "reason",
    "attempts",
    "round",
    "branch_name",
    "base_sha",
    "head_sha",
    "pr_number",
    "pr_state",
    "last_error",
    "not_before",
    "created_at",
    "started_at",
    "completed_at",
]


@pytest.fixture
def client():
    return api_client(create_superuser(username="boss"))


def numbers(answer):
    return [row["github_issue_number"] for row in answer.json()["results"]]


def test_a_session_answers_the_published_fields(client):
    session = create_session()
    session.session = create_attempt(session)
    session.save()
    answer = client.get(f"/api/issue-sessions/{session.pk}").json()
    assert list(answer) == FIELDS
    assert (answer["session_id"], answer["project"]) == (session.session.pk, session.project.pk)


def test_an_issue_answers_its_session_and_what_github_says(client):
    session = create_session(complexity_reasons=["long"], issue_state="closed")
    issue = client.get(f"/api/projects/{session.project_id}/issues").json()["results"][0]
    assert issue["id"] == session.pk
    assert (issue["issue_state"], issue["complexity_reasons"]) == ("closed", ["long"])


def test_the_issues_of_a_project_are_only_its_own(client):
    session, _ = create_session(), create_session()
    assert numbers(client.get(f"/api/projects/{session.project_id}/issues")) == [session.github_issue_number]


def test_a_list_costs_the_same_for_many_rows(client, django_assert_max_num_queries):
    project = create_project()
    for _ in range(30):
        create_session(project=project)
    client.get("/api/issue-sessions")
    with django_assert_max_num_queries(5):
        assert client.get("/api/issue-sessions").json()["count"] == 30


def test_lists_are_filtered_by_status_project_label_and_pull_request(client):
    project = create_project()
    create_session(project=project, github_issue_number=901, status=Status.FAILED)
    create_session(project=project, github_issue_number=902, github_issue_labels=["bug", 'ü"x'])
    create_session(
        github_issue_number=903, status=Status.PR_CREATED, pr_number=4, github_issue_labels=["bugs"]
    )
    ask = lambda query: sorted(numbers(client.get(f"/api/issue-sessions?{query}")))  # noqa: E731
    assert ask("status=failed") == [901]
    assert ask("status=failed&status=pr_created") == [901, 903]
    assert ask(f"project={project.pk}") == [901, 902]
    assert ask("label=bug") == [902]
    assert ask("label=%C3%BC%22x") == [902]
    assert ask("label=b_g") == []
    assert ask("has_pr=true") == [903]
    assert ask("has_pr=false") == [901, 902]
    assert ask(f"project={project.pk}&has_pr=true") == []


@pytest.mark.parametrize(
    "query", ["status=open", "project=x", "has_pr=maybe", "label=%00", "statsu=failed", "project__name=x"]
)
def test_a_filter_that_nobody_knows_is_an_error_that_names_it(client, query):
    answer = client.get(f"/api/issue-sessions?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.partition("=")[0]])


def test_start_queues_once_and_says_so(client):
    session = create_session()
    path = f"/api/projects/{session.project_id}/issues/{session.github_issue_number}/start"
    first, second = client.post(path), client.post(path)
    assert (first.status_code, first.json()["created"]) == (202, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first["Location"].endswith(f"/api/issue-sessions/{session.pk}")
    session.refresh_from_db()
    assert session.queued_by.startswith("boss by token")


def test_start_of_an_issue_that_was_never_synced_is_not_found(client):
    session = create_session()
    other = create_session()
    path = f"/api/projects/{session.project_id}/issues/{other.github_issue_number}/start"
    assert client.post(path).status_code == 404


def test_a_closed_issue_is_not_started_and_start_is_not_offered_instead(client):
    session = create_session(status=Status.COMPLETED, issue_state="closed")
    path = f"/api/projects/{session.project_id}/issues/{session.github_issue_number}/start"
    answer = client.post(path)
    assert (answer.status_code, answer.json()["allowed_verbs"]) == (409, [])
    assert "Reopen it on GitHub" in answer.json()["remedy"]


def test_retry_opens_a_new_round_of_a_failed_session(client):
    session = create_session(status=Status.FAILED, attempts=3)
    answer = client.post(f"/api/issue-sessions/{session.pk}/retry")
    assert answer.status_code == 202
    assert (answer.json()["status"], answer.json()["round"], answer.json()["attempts"]) == ("pending", 2, 0)


@pytest.mark.parametrize(("verb", "status"), [("skip", "skipped"), ("stop", "needs_review")])
def test_skip_and_stop_act_at_once_on_a_free_session(client, verb, status):
    session = create_session(queued_at=timezone.now())
    answer = client.post(f"/api/issue-sessions/{session.pk}/{verb}")
    assert (answer.status_code, answer.json()["status"]) == (200, status)


@pytest.mark.parametrize("verb", ["skip", "stop"])
def test_skip_and_stop_of_a_held_session_are_recorded_for_its_worker(client, verb):
    until = timezone.now() + timedelta(seconds=40)
    session = create_session(status=Status.IN_PROGRESS, lease_owner="w", lease_until=until)
    answer = client.post(f"/api/issue-sessions/{session.pk}/{verb}")
    assert (answer.status_code, answer.json()["status"]) == (202, "in_progress")
    assert IssueSession.objects.get().requested_verb == verb


def test_a_refusal_names_the_present_state_and_the_possible_verbs(client):
    session = create_session(status=Status.FAILED)
    answer = client.post(f"/api/issue-sessions/{session.pk}/stop")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "session.not_allowed")
    assert body["current"] == {"status": "failed", "step": "prepare", "reason": ""}
    assert body["allowed_verbs"] == ["retry", "skip"]
    assert SessionEvent.objects.get().verb == "refused"


def test_nobody_writes_a_session_through_the_api(client):
    session = create_session()
    values = {field.name: "1" for field in IssueSession._meta.fields}
    before = IssueSession.objects.values().get()
    for method in ("put", "patch", "post", "delete"):
        answer = getattr(client, method)(f"/api/issue-sessions/{session.pk}", values)
        assert answer.status_code == 405
    for verb in ("retry", "skip", "stop"):
        assert client.post(f"/api/issue-sessions/{session.pk}/{verb}", values).status_code == 400
    assert IssueSession.objects.values().get() == before


def test_a_viewer_reads_and_may_not_act():
    session = create_session()
    client = api_client(create_user(Role.VIEWER, project=session.project))
    assert client.get(f"/api/issue-sessions/{session.pk}").status_code == 200
    assert client.post(f"/api/issue-sessions/{session.pk}/skip").status_code == 403
    assert client.get("/api/issue-sessions").json()["count"] == 1


def test_results_are_listed_newest_first_with_their_output(client):
    session = create_session()
    old = create_result(session, passed=False, output="1 failed", exit_status=1, duration_ms=12)
    new = create_result(session, passed=None)
    create_result()
    rows = client.get(f"/api/issue-sessions/{session.pk}/verification-results").json()["results"]
    assert [row["id"] for row in rows] == [new.pk, old.pk]
    assert (rows[1]["output"], rows[1]["exit_status"], rows[0]["passed"]) == ("1 failed", 1, None)
