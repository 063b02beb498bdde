"""Every published path is served with and without a slash, and described once."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone

from automation import hosts
from config.api import urlpatterns
from issues.models import IssueSession
from projects import leases
from projects.models import Project
from tests.factories import api_client, create_attempt, create_project, create_session, create_superuser

PUBLISHED = [
    ("GET", "/api/projects", 200),
    ("POST", "/api/projects", 400),
    ("GET", "/api/projects/{project}", 200),
    ("PUT", "/api/projects/{project}", 400),
    ("PATCH", "/api/projects/{project}", 200),
    ("POST", "/api/projects/{project}/sync", 202),
    ("GET", "/api/projects/{project}/issues", 200),
    ("POST", "/api/projects/{project}/issues/{num}/start", 202),
    ("POST", "/api/projects/{project}/automation/start", 200),
    ("GET", "/api/projects/{project}/automation/status", 200),
    ("POST", "/api/projects/{project}/automation/stop", 200),
    ("GET", "/api/issue-sessions", 200),
    ("GET", "/api/issue-sessions/{session}", 200),
    ("GET", "/api/issue-sessions/{session}/verification-results", 200),
    ("GET", "/api/issue-sessions/{session}/attempts", 200),
    ("GET", "/api/issue-sessions/{session}/attempts/{number}", 200),
    ("GET", "/api/issue-sessions/{session}/events", 200),
    ("GET", "/api/issue-sessions/{session}/log", 200),
    ("GET", "/api/projects/{project}/audit", 200),
    ("GET", "/api/events", 200),
    ("GET", "/api/webhook-deliveries", 200),
    ("GET", "/api/alerts", 200),
    ("GET", "/api", 200),
    ("POST", "/api/issue-sessions/{session}/retry", 409),
    ("POST", "/api/issue-sessions/{session}/stop", 409),
    ("POST", "/api/issue-sessions/{session}/skip", 200),
    ("DELETE", "/api/projects/{project}", 204),
    ("GET", "/api/schema", 200),
    ("GET", "/api/docs", 200),
]


@pytest.mark.django_db
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(("method", "path", "status"), PUBLISHED)
def test_every_published_path_answers_in_both_forms(method, path, status, slash):
    session = create_session()
    client = api_client(create_superuser())
    create_attempt(session, number=7)
    path = path.format(
        project=session.project_id, num=session.github_issue_number, session=session.pk, number=7
    )
    answer = client.generic(method, path + slash, "{}", content_type="application/json")
    assert answer.status_code == status, answer.content


def test_no_path_of_the_api_is_missing_from_the_list_above():
    routes = {str(route.pattern).removesuffix("/") for route in urlpatterns if route.name}
    published = {
        path.removeprefix("/api")
        .removeprefix("/")
        .replace("{num}", "<int:num>")
        .replace("{number}", "<int:number>")
        .replace("{project}", "<int:pk>")
        .replace("{session}", "<int:pk>")
        for _, path, _ in PUBLISHED
    }
    assert routes == published


def test_reverse_gives_the_published_form():
    assert reverse("api:session", args=[7]) == "/api/issue-sessions/7"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/nothing", "/api/projects/x", "/api/projects/1/merge/"])
def test_an_unknown_path_is_a_problem_document(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_the_schema_has_no_warnings_and_no_slashes(tmp_path):
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(file))
    paths = [line.strip(" :") for line in file.read_text().splitlines() if line.startswith("  /")]
    assert "/api/projects/{id}" in paths
    assert not [path for path in paths if path.endswith("/")]


@pytest.fixture
def paths(tmp_path):
    file = tmp_path / "schema.json"
    call_command("spectacular", "--format", "openapi-json", "--file", str(file))
    return json.loads(file.read_text())["paths"]


def test_every_operation_says_in_a_line_what_it_does_and_stands_in_a_group(paths):
    operations = [operation for path in paths.values() for operation in path.values()]
    summaries = [operation["summary"] for operation in operations]
    assert len(set(summaries)) == len(operations) >= 27
    assert not [text for text in summaries if "`" in text or "\n" in text or text.endswith(".")]
    assert all(operation["description"] and operation["tags"] for operation in operations)
    assert "true` - true" not in json.dumps(paths)


def test_the_schema_tells_the_bounds_of_a_pages_size(paths):
    described = [
        parameter["schema"]
        for path in paths.values()
        for parameter in path.get("get", {}).get("parameters", [])
        if parameter["name"] == "page_size"
    ]
    assert len(described) >= 8
    assert {(schema["minimum"], schema["maximum"]) for schema in described} == {(1, 200)}


@pytest.mark.django_db
def test_the_docs_page_loads_its_script_as_a_file_and_keeps_the_policy(client):
    page = client.get("/api/docs")
    assert "script-src 'self';" in page["Content-Security-Policy"]
    assert b"<script>" not in page.content


def test_the_start_page_leads_to_the_admin(client):
    assert client.get("/")["Location"] == "/admin/"


def test_browsers_that_ask_for_an_icon_get_one(client):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert finders.find(answer["Location"].removeprefix("/static/"))
    assert "max-age=86400" in answer["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/admin/login/", "/nothing", "/api/docs", "/admin/", "/api/", "/api/alerts"]
)
def test_every_kind_of_page_names_its_icon(client, path):
    client.force_login(create_superuser())
    page = client.get(path, headers={"Accept": "text/html"}, follow=True)
    links = re.findall(r'<link rel="icon" href="/static/([^"]+)"', page.content.decode())
    assert links == ["automation/icon.svg"]


def test_healthz_asks_no_database(client):
    assert client.get("/healthz").json() == {"ok": True}


@pytest.mark.django_db
def test_readyz_is_ready_on_a_migrated_database_and_names_what_works_nowhere(client):
    project = create_project()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ok": True, "missing": [], "degraded": ["sessions", "queue", "clock"]}
    for part in hosts.PARTS:
        hosts.beat(part)
    assert client.get("/readyz").json()["degraded"] == []
    Project.objects.filter(pk=project.pk).update(tend_enqueued_at=timezone.now() - timedelta(seconds=100))
    assert client.get("/readyz").json()["degraded"] == ["queue"]


@pytest.mark.django_db
def test_readyz_tells_of_sessions_that_no_worker_takes(client):
    for part in hosts.PARTS:
        hosts.beat(part)
    long_ago = timezone.now() - timedelta(seconds=100)
    waiting = create_session(queued_at=long_ago, enqueued_at=long_ago)
    assert client.get("/readyz").json()["degraded"] == ["sessions"]
    leases.claim(IssueSession, create_session(project=waiting.project, status="in_progress").pk)
    assert client.get("/readyz").json()["degraded"] == [], "all workers may be busy"


@pytest.mark.django_db
def test_readyz_names_what_is_missing_and_nothing_else(client):
    def fail(execute, *args):
        raise DatabaseError("server at 10.0.0.1 said no")

    with connection.execute_wrapper(fail):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ok": False, "missing": ["database"], "degraded": []},
    )
