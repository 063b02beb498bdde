"""Every URL of the API × everybody: who sees a project, who may act on it, and who must not know of it.

The URLs come from the URL configuration: a new one without a line in LOWEST fails.
"""

from __future__ import annotations

import functools

import pytest
from rest_framework.test import APIClient

from automation.models import WebhookDelivery
from config.api import urlpatterns
from issues.models import IssueSession
from issues.transitions import note
from projects.access import create_token
from projects.models import Project, Role
from projects.models.audit import record
from tests.factories import (
    api_client,
    create_alert,
    create_attempt,
    create_project,
    create_result,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
MARK = "of-the-other-team"
ATTEMPT = 7
# The lowest role that may do it. "anybody": a list, which holds only what the person may see.
LOWEST = {
    ("get", "projects"): "anybody",
    ("post", "projects"): "superuser",
    ("get", "project"): Role.VIEWER,
    ("put", "project"): Role.MANAGER,
    ("patch", "project"): Role.MANAGER,
    ("delete", "project"): Role.MANAGER,
    ("post", "sync"): Role.OPERATOR,
    ("get", "issues"): Role.VIEWER,
    ("post", "start"): Role.OPERATOR,
    ("post", "automation-start"): Role.OPERATOR,
    ("post", "automation-stop"): Role.OPERATOR,
    ("get", "automation-status"): Role.VIEWER,
    ("get", "sessions"): "anybody",
    ("get", "session"): Role.VIEWER,
    ("post", "retry"): Role.OPERATOR,
    ("post", "skip"): Role.OPERATOR,
    ("post", "stop"): Role.OPERATOR,
    ("get", "results"): Role.VIEWER,
    ("get", "attempts"): Role.VIEWER,
    ("get", "attempt"): Role.VIEWER,
    ("get", "events"): Role.VIEWER,
    ("get", "log"): Role.VIEWER,
    ("get", "audit"): Role.VIEWER,
    ("get", "feed"): "anybody",
    ("get", "deliveries"): "anybody",
    ("get", "alerts"): "anybody",
    ("get", "root"): "anybody",
}
LADDER = ["anybody", Role.VIEWER, Role.OPERATOR, Role.MANAGER, "superuser"]
ROUTES = [
    (method, route.name, str(route.pattern))
    for route in urlpatterns
    if hasattr(route.callback, "actions") and route.name and not str(route.pattern).endswith("/")
    for method in route.callback.actions
]


@pytest.fixture
def session():
    """A failed session, on which retry is allowed, of a project that carries MARK wherever it can."""
    project = create_project(name=MARK, error_message=MARK, lint_command=MARK)
    session = create_session(project=project, status="failed", github_issue_title=MARK, last_error=MARK)
    create_result(session, output=MARK)
    create_attempt(session, number=ATTEMPT, prompt=MARK, summary=MARK)
    note(session, "noted", actor=MARK, message=MARK)
    record(actor=MARK, verb="project.changed", subject=MARK, project=project)
    WebhookDelivery.objects.create(delivery_id=MARK, event="issues", project=project, reason=MARK)
    create_alert(project=project, message=MARK, subject=MARK)
    return session


def browser_of(user):
    """Staff who are logged in and get pages."""
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client = APIClient(headers={"Accept": "text/html"})
    client.force_login(user)
    return client


def ask(client, session, method, route):
    pk = session.project_id if route.startswith("projects") else session.pk
    numbers = {"<int:num>": session.github_issue_number, "<int:pk>": pk, "<int:number>": ATTEMPT}
    path = "/api/" + functools.reduce(
        lambda path, name: path.replace(name, str(numbers[name])), numbers, route
    )
    body = {"name": "n", "github_repo": "o/n"} if method in ("put", "patch") or route == "projects" else None
    return client.get(path) if method == "get" else getattr(client, method)(path, body)


def test_every_url_of_the_api_has_a_line_in_the_matrix():
    assert {(method, name) for method, name, _ in ROUTES} == set(LOWEST)


@pytest.mark.parametrize("role", LADDER)
@pytest.mark.parametrize(("method", "name", "route"), ROUTES)
def test_own_objects_answer_by_role(session, method, name, route, role):
    user = create_superuser() if role == "superuser" else create_user()
    if role in Role.values:
        session.project.memberships.create(user=user, role=role)
    status = ask(api_client(user), session, method, route).status_code
    if LADDER.index(role) >= LADDER.index(LOWEST[method, name]):
        assert status in (200, 201, 202, 204, 409)
    else:
        assert status == (404 if role == "anybody" and "<" in route else 403)


@pytest.mark.parametrize("role", ["anybody", Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize(("method", "name", "route"), ROUTES)
def test_pages_answer_by_role_as_json_does(session, method, name, route, role):
    user = create_user()
    if role in Role.values:
        session.project.memberships.create(user=user, role=role)
    answer = ask(browser_of(user), session, method, route)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    if LADDER.index(role) >= LADDER.index(LOWEST[method, name]):
        assert answer.status_code in (200, 201, 202, 409)
    else:
        assert answer.status_code == (404 if role == "anybody" and "<" in route else 403)


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("client_of", [api_client, browser_of])
@pytest.mark.parametrize(("method", "name", "route"), ROUTES)
def test_foreign_objects_do_not_exist(session, method, name, route, role, client_of):
    before = (Project.objects.values().get(), IssueSession.objects.values().get())
    own = create_project()
    client = client_of(create_user(role, project=own))
    answer = ask(client, session, method, route)
    assert MARK not in answer.content.decode()
    assert answer.status_code == (404 if "<" in route else (200 if method == "get" else 403))
    after = (Project.objects.exclude(pk=own.pk).values().get(), IssueSession.objects.values().get())
    assert after == before


@pytest.mark.parametrize(("method", "name", "route"), ROUTES)
def test_a_token_limited_to_projects_reaches_no_other(session, method, name, route):
    """Not even where its user could."""
    before = (Project.objects.values().get(), IssueSession.objects.values().get())
    own = create_project()
    _, plain = create_token(create_superuser(), scope="admin", projects=[own])
    client = APIClient(headers={"Authorization": f"Bearer {plain}"})
    answer = ask(client, session, method, route)
    assert MARK not in answer.content.decode()
    assert answer.status_code == (404 if "<" in route else (200 if method == "get" else 403))
    after = (Project.objects.exclude(pk=own.pk).values().get(), IssueSession.objects.values().get())
    assert after == before


@pytest.mark.parametrize(("method", "name", "route"), ROUTES)
def test_nobody_gets_in_without_credentials(session, method, name, route):
    answer = ask(APIClient(), session, method, route)
    assert answer.status_code == 401
    assert MARK not in answer.content.decode()


@pytest.mark.parametrize(("method", "name", "route"), ROUTES)
def test_an_archived_project_is_gone_for_everybody(session, method, name, route):
    Project.objects.update(archived_at="2026-01-01T00:00:00Z")
    answer = ask(api_client(create_superuser()), session, method, route)
    assert MARK not in answer.content.decode()
    if "<" in route:
        assert answer.status_code == 404


def test_a_filter_does_not_reach_foreign_rows(session):
    client = api_client(create_user(Role.MANAGER, project=create_project()))
    answer = client.get("/api/issue-sessions", {"project": session.project_id})
    assert answer.json()["count"] == 0
