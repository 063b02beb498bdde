"""Bodies, paths and headers that nobody should send: a clear refusal, and nothing changed."""

from __future__ import annotations

import pytest
from django.test import Client

from projects.models import Project
from tests.factories import api_client, create_project, create_superuser

pytestmark = pytest.mark.django_db
GOOD = '"name": "app", "github_repo": "octo/app"'


@pytest.fixture
def client():
    return api_client(create_superuser())


def post(client, body, **headers):
    return client.generic("POST", "/api/projects", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "\xff\xfe", "github_repo": "octo/app"}',
        f'{{{GOOD}, "name": "twice"}}'.encode(),
        f'{{{GOOD}, "issue_filter": {{"labels": [], "labels": ["x"]}}}}'.encode(),
        f'{{{GOOD}, "max_concurrent": {"9" * 5000}}}'.encode(),
        f'{{{GOOD}, "max_concurrent": 1e999}}'.encode(),
        f'{{{GOOD}, "max_concurrent": {10**30}}}'.encode(),
        b'{"name": 1e999, "github_repo": "octo/app"}',
        f'{{{GOOD}, "issue_filter": {{"labels": [1e999]}}}}'.encode(),
        f'{{{GOOD}, "attempt_max_cost_usd": NaN}}'.encode(),
        f'{{{GOOD}, "attempt_max_cost_usd": 1e999}}'.encode(),
        f'{{{GOOD}, "attempt_max_cost_usd": "Infinity"}}'.encode(),
        f'{{{GOOD}, "auto_sync": {{"a": []}}}}'.encode(),
        f'{{{GOOD}, "name": {{"a": "b"}}}}'.encode(),
        f'{{{GOOD}, "skip_labels": "x"}}'.encode(),
        f'{{{GOOD}, "review_level": []}}'.encode(),
        rb'{"name": "a\u0000b", "github_repo": "octo/app"}',
        rb'{"name": "\ud800", "github_repo": "octo/app"}',
        rb'{"name": "a", "github_repo": "octo/app", "\u0000": 1}',
    ],
)
def test_a_body_that_cannot_be_stored_is_a_problem_and_stores_nothing(client, body):
    answer = post(client, body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    "field", ["name", "github_repo", "working_dir", "test_command", "agent_model", "github_token"]
)
@pytest.mark.parametrize("number", ["5", "-1.5", "true"])
def test_a_number_is_no_text(client, field, number):
    rest = {"name": '"app"', "github_repo": '"octo/app"'} | {field: number}
    fields = ", ".join(f'"{name}": {value}' for name, value in rest.items())
    answer = post(client, f"{{{fields}}}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Project.objects.exists()


def test_one_answer_names_an_unknown_field_and_a_wrong_value(client):
    body = {"colour": "red", "max_concurrent": "many", "name": 7}
    answer = client.patch(f"/api/projects/{create_project().pk}", body)
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"colour", "max_concurrent", "name"}


def test_a_wrong_order_is_refused_with_the_right_ones(client):
    said = client.get("/api/projects?ordering=colour").json()["errors"]["ordering"]
    assert "id, name, created_at, last_synced_at" in said[0]


@pytest.mark.parametrize("path", ["%00", "1%00", "-1", "1.0", "%ff", "%2e%2e", "\u0661", "1/%00"])
def test_a_path_that_names_nothing_is_not_found(client, path):
    create_project()
    answer = client.get(f"/api/projects/{path}")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("query", ["a%00=1", "%ff=1", "name=%ff&name=%00", "=&=", "a[]=1", "search=%ff%fe&x"])
def test_a_query_that_nobody_knows_is_named(client, query):
    assert client.get(f"/api/projects?{query}").status_code == 400


def test_a_form_of_ten_megabytes_is_refused_with_a_session_too():
    client = Client(enforce_csrf_checks=True)
    client.force_login(create_superuser())
    body = b"name=" + b"x" * 10_000_000
    answer = client.generic("POST", "/api/projects", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (403, 413, 415)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Project.objects.exists()


def test_a_body_of_ten_megabytes_is_refused(client):
    answer = post(client, b'{"name": "' + b"x" * 10_000_000 + b'"}')
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_an_answer_that_nobody_can_give_is_406_as_a_problem(client):
    answer = client.get("/api/projects", headers={"Accept": "image/png"})
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_a_method_that_a_path_does_not_know_is_405_as_a_problem(client, method):
    answer = client.generic(method.upper(), "/api/projects")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b c", "Basic x", "Bearer \x01", "bearer aw_" + "x" * 4000]
)
def test_a_header_that_is_no_token_is_401(header):
    assert Client().get("/api/projects", headers={"Authorization": header}).status_code == 401
