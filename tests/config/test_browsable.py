"""The browsable API: who gets pages, what stands on them, and that nothing else about the answers changes."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from issues.api import SessionViewSet
from projects.models import Role
from tests.factories import (
    api_client,
    create_attempt,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
PAGE, JSON, PROBLEM = "text/html; charset=utf-8", "application/json", "application/problem+json"


def browser_of(user: User | None = None) -> Client:
    client = Client(headers={"Accept": BROWSER})
    if user:
        client.force_login(user)
    return client


def staff(role: str = "", **kwargs) -> Client:
    return browser_of(create_user(role, is_staff=True, **kwargs) if role else create_superuser())


@pytest.mark.parametrize(
    "accept", [{}, {"Accept": "*/*"}, {"Accept": JSON}, {"Accept": f"text/html, {JSON}"}]
)
def test_who_does_not_ask_for_a_page_alone_gets_json(accept):
    client = Client(headers=accept)
    client.force_login(create_superuser())
    answer = client.get("/api/projects")
    assert answer["Content-Type"] == JSON
    assert "Accept" in answer["Vary"]


def test_staff_read_an_answer_as_a_page_that_no_cache_keeps():
    answer = staff().get(f"/api/projects/{create_project(name='rocket').pk}")
    assert (answer.status_code, answer["Content-Type"]) == (200, PAGE)
    assert "rocket" in answer.content.decode()
    assert "View site" not in answer.content.decode(), "its links above are those of every page"
    assert {"Accept", "Cookie"} <= set(answer["Vary"].split(", "))
    assert "no-store" in answer["Cache-Control"]
    assert "ETag" not in answer


def test_a_token_gets_json_in_a_browser_too_even_beside_a_session():
    client = api_client(create_superuser())
    client.force_login(create_superuser())
    assert client.get("/api/projects", headers={"Accept": BROWSER})["Content-Type"] == JSON


def test_a_session_of_somebody_who_is_not_staff_gets_json():
    assert browser_of(create_user(Role.MANAGER)).get("/api/projects")["Content-Type"] == JSON


def test_a_browser_without_a_login_gets_the_problem():
    answer = browser_of().get("/api/projects")
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)


def test_who_may_have_no_page_and_takes_nothing_else_is_told_so():
    answer = APIClient(headers={"Accept": "text/html"}).get("/api/projects")
    assert (answer.status_code, answer["Content-Type"]) == (406, PROBLEM)


def test_no_parameter_asks_for_a_page():
    client = Client()
    client.force_login(create_superuser())
    assert client.get("/api/projects?format=api")["Content-Type"] == PROBLEM


def test_a_problem_is_a_page_with_its_sentence_and_its_status():
    answer = staff().get("/api/projects?no-such=1")
    assert (answer.status_code, answer["Content-Type"]) == (400, PAGE)
    text = answer.content.decode()
    assert "Please correct: no-such." in text
    assert "Known here: ordering, page, page_size, search." in text
    assert PROBLEM in text


def test_an_address_for_changes_alone_shows_its_form():
    text = staff().get(f"/api/projects/{create_project().pk}/sync").content.decode()
    assert "This address is for changes; the form is below." in text
    assert "Send POST" in text


@pytest.mark.parametrize("role", Role.values)
def test_forms_are_offered_to_whom_they_work_for(role):
    session = create_session(status="failed")
    project = session.project.pk
    client = staff(role, project=session.project)
    operates, manages = role != Role.VIEWER, role == Role.MANAGER
    for path, expected in {
        f"/api/projects/{project}/sync": operates,
        f"/api/projects/{project}/automation/start": operates,
        f"/api/projects/{project}/issues/{session.github_issue_number}/start": operates,
        f"/api/issue-sessions/{session.pk}/retry": operates,
        f"/api/projects/{project}": manages,
        "/api/projects": False,
    }.items():
        text = client.get(path).content.decode()
        assert (">Send " in text) is expected, path
    assert "Send POST" in staff().get("/api/projects").content.decode()


def test_a_failure_is_told_in_json_since_the_page_might_fail_too(monkeypatch):
    client = staff()
    monkeypatch.setattr(SessionViewSet, "get_queryset", lambda view: 1 / 0)
    answer = client.get("/api/issue-sessions")
    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)
    assert answer.json()["code"] == "internal_error"


def test_an_unchanged_answer_has_no_body():
    project = create_project()
    client = staff()
    etag = client.get(f"/api/projects/{project.pk}", headers={"Accept": JSON})["ETag"]
    answer = client.get(f"/api/projects/{project.pk}", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert "Content-Type" not in answer


def test_a_list_leads_to_its_rows_its_next_page_and_names_its_parameters():
    rows = [create_session() for _ in range(3)]
    text = staff().get("/api/issue-sessions?page_size=2&ordering=id").content.decode()
    named = [f'<a href="/api/issue-sessions/{row.pk}"><bdi>{row}</bdi></a>' for row in rows[:2]]
    assert "</li><li>".join(named) in text, "by name, in the order of the list"
    assert 'href="/api/issue-sessions?ordering=id&amp;page=2&amp;page_size=2">Next page' in text
    assert "A part of the title or branch" in text
    assert "<code>-completed_at</code>" in text


def test_a_session_leads_to_what_lies_below_it_and_back():
    attempt = create_attempt(number=3)
    here = f"/api/issue-sessions/{attempt.issue_session_id}"
    client = staff()
    assert f'href="{here}/attempts"' in client.get(here).content.decode()
    below = client.get(f"{here}/attempts").content.decode()
    assert f'href="{here}/attempts/3"' in below
    assert f'<a href="{here}">{attempt.issue_session_id}</a>' in below


def test_text_of_others_is_shown_and_not_obeyed():
    session = create_session(github_issue_title="<script>alert(1)</script>\u202e")
    text = staff().get(f"/api/issue-sessions/{session.pk}").content.decode()
    assert "<script>alert" not in text
    assert r"&lt;script&gt;alert(1)&lt;/script&gt;\u202e" in text


@pytest.mark.parametrize("path", ["/api/projects", "/api/issue-sessions"])
def test_a_page_costs_the_same_for_many_rows(path, django_assert_num_queries, django_assert_max_num_queries):
    project, client = create_project(), staff()
    create_session(project=project)
    client.get(path)
    with django_assert_max_num_queries(10) as few:
        client.get(path)
    for _ in range(20):
        create_session(project=create_project())
    with django_assert_num_queries(len(few)):
        client.get(path)


def test_json_costs_no_more_than_it_did_without_pages(django_assert_num_queries):
    """A session and a user are read, the request is counted, the rows and their number are read."""
    create_session()
    client = staff()
    client.get("/api/issue-sessions")
    with django_assert_num_queries(5):
        client.get("/api/issue-sessions", headers={"Accept": JSON})


def test_the_schema_knows_of_json_alone(client):
    assert "text/html" not in client.get("/api/schema").content.decode()
