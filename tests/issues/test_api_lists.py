"""Every list of the API: filters, search, order, pages, and what a page costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from issues.models import IssueSession
from issues.transitions import note, touch
from projects.models import Project
from projects.models.audit import record
from tests.factories import (
    api_client,
    create_alert,
    create_attempt,
    create_delivery,
    create_project,
    create_result,
    create_session,
    create_superuser,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
MOST_QUERIES = 15
LISTS = {
    "projects": "/api/projects",
    "sessions": "/api/issue-sessions",
    "sessions filtered": "/api/issue-sessions?status=pending&label=bug&search=i&updated_since=2020-01-01T00:00:00Z",
    "issues": "/api/projects/{project}/issues",
    "attempts": "/api/issue-sessions/{session}/attempts",
    "results": "/api/issue-sessions/{session}/verification-results",
    "events": "/api/issue-sessions/{session}/events",
    "audit": "/api/projects/{project}/audit",
    "feed": "/api/events",
    "deliveries": "/api/webhook-deliveries",
    "alerts": "/api/alerts",
}


@pytest.fixture
def client():
    return api_client(create_superuser())


def numbers(client, query, path="/api/issue-sessions"):
    return [row["github_issue_number"] for row in client.get(f"{path}?{query}").json()["results"]]


def fill(session, rows):
    for _ in range(rows):
        create_project()
        create_session(project=session.project, github_issue_labels=["bug"])
        create_attempt(session)
        create_result(session)
        note(session, "noted", actor="a")
        record(actor="a", verb="v", subject="s", project=session.project)
        create_delivery(project=session.project)
        create_alert(project=session.project)


@pytest.mark.parametrize("name", LISTS)
def test_a_page_of_a_list_costs_few_queries_whatever_its_length(client, name):
    session = create_session(github_issue_labels=["bug"])
    path = LISTS[name].format(project=session.project_id, session=session.pk)
    path += ("&" if "?" in path else "?") + "page_size=200"
    counts, lengths = [], []
    for rows in (2, 57):
        fill(session, rows)
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            lengths.append(len(client.get(path).json()["results"]))
        counts.append(len(queries))
    assert lengths[0] >= 2
    assert lengths[1] >= 59
    assert counts[0] == counts[1] <= MOST_QUERIES


@pytest.mark.parametrize("name", ["attempts", "results", "events", "audit", "deliveries", "alerts"])
def test_a_cursor_leads_through_all_rows_though_more_come(client, name):
    session = create_session()
    fill(session, 7)
    path = LISTS[name].format(project=session.project_id, session=session.pk) + "?page_size=3"
    seen, page = [], client.get(path).json()
    while True:
        seen += [row["id"] for row in page["results"]]
        fill(session, 1)
        if not page["next"]:
            break
        page = client.get(page["next"]).json()
    assert len(seen) == 7
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("name", ["attempts", "results", "events", "audit", "deliveries", "alerts"])
@pytest.mark.parametrize(
    "cursor",
    ["x", "%00", "cD0z%00", "%00cD0z", "cD14", "cD0tMQ==", "\u00e9", "", "eD0x", "cD0z!!", "bz0tMQ=="],
)
def test_a_cursor_that_nobody_gave_is_an_error_that_names_it(client, name, cursor):
    session = create_session()
    path = LISTS[name].format(project=session.project_id, session=session.pk)
    answer = client.get(f"{path}?cursor={cursor}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


def test_the_prompt_is_in_the_detail_of_an_attempt_only(client):
    session = create_session()
    create_attempt(session, number=4, prompt="Mend it.", cost_usd="1.5")
    path = f"/api/issue-sessions/{session.pk}/attempts"
    row = client.get(path).json()["results"][0]
    assert ("prompt" in row, row["number"], row["cost_usd"]) == (False, 4, "1.5000")
    assert client.get(f"{path}/4").json() == row | {"prompt": "Mend it."}
    assert client.get(f"{path}/5").status_code == 404


def test_updated_since_is_about_events_and_about_the_issue(client):
    moved, edited, _ = (create_session(github_issue_number=n) for n in (901, 902, 903))
    IssueSession.objects.update(changed_at=timezone.now() - timedelta(days=9))
    note(moved, "noted", actor="a")
    touch(edited, github_issue_title="Another title")
    since = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert sorted(numbers(client, f"updated_since={since}")) == [901, 902]


def test_search_finds_titles_branches_and_numbers(client):
    create_session(github_issue_number=901, github_issue_title="Login fails")
    create_session(github_issue_number=902, branch_name="autowrkers/fix-login")
    create_session(github_issue_number=903, github_issue_title="100%_sure")
    assert sorted(numbers(client, "search=LOGIN")) == [901, 902]
    assert numbers(client, "search=%23903") == [903]
    assert numbers(client, "search=0%25_") == [903]
    assert numbers(client, "search=_") == [903]


def test_projects_are_searched_and_ordered(client):
    Project.objects.all().delete()
    for name, repo in (("b", "octo/one"), ("a", "octo/two"), ("c", "other/one")):
        create_project(name=name, github_repo=repo)
    names = lambda query: [row["name"] for row in client.get(f"/api/projects?{query}").json()["results"]]  # noqa: E731
    assert names("") == ["a", "b", "c"]
    assert names("ordering=-name") == ["c", "b", "a"]
    assert names("search=octo") == ["a", "b"]


def test_sessions_are_ordered_by_what_is_allowed(client):
    for number in (902, 901, 903):
        create_session(github_issue_number=number)
    assert numbers(client, "ordering=github_issue_number") == [901, 902, 903]
    assert numbers(client, "ordering=-id") == [903, 901, 902]


@pytest.mark.parametrize(
    "query",
    [
        "ordering=github_issue_body",
        "ordering=project__credential__secret",
        "updated_since=yesterday",
        "updated_since=9999-12-31T23:59:59-23:00",
        "updated_since=0001-01-01T00:00:00%2B23:00",
        "search=%00",
        "search=" + "x" * 201,
        "project=1.5",
        "project=NaN",
        "project=1e400",
        "project=99999999999999999999999",
        "page=x",
        "page=-1",
        "page=0",
        "page_size=-1",
        "cursor=x",
    ],
)
def test_a_value_or_parameter_that_makes_no_sense_is_named(client, query):
    answer = client.get(f"/api/issue-sessions?{query}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [query.partition("=")[0]])


@pytest.mark.parametrize(
    "path", ["/api/issue-sessions/{0}", "/api/projects/{0}", "/api/issue-sessions/1/attempts/{0}"]
)
@pytest.mark.parametrize("number", [2**31, 2**63, 10**30, "9" * 400])
def test_a_number_beyond_every_id_is_not_found(client, path, number):
    assert client.get(path.format(number)).status_code == 404


def test_every_answer_names_its_request_and_the_version(client):
    for path in ("/api/projects", "/api/nothing", "/api/issue-sessions/999", "/api/projects?x=1"):
        answer = client.get(path)
        assert len(answer["X-Request-ID"]) == 16
        assert answer["X-API-Version"] == "1"
        if answer.status_code >= 400:
            assert answer.json()["request_id"] == answer["X-Request-ID"]
