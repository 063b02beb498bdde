"""What the API answers to what it does not understand, and when something breaks."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.utils import timezone
from rest_framework.request import Request

from config.described import EXAMPLES
from config.urls import handler500
from projects.errors import AutowrkersError, OperatorError, Retryable
from projects.pagination import PageNumbers
from projects.parsers import BODY_LIMIT
from projects.problems import problem_response
from tests.factories import api_client, create_project, create_superuser

SECRET = "ghp_" + "S3cr3t" * 6


@pytest.fixture
def client(db):
    return api_client(create_superuser())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AutowrkersError("x.busy", "Not now."), 409, "x.busy"),
        (OperatorError("x.broken", "Broken.", "Mend it."), 422, "x.broken"),
        (Retryable("x.later", "Later."), 503, "x.later"),
        (ValidationError({"name": ["Wrong."]}), 400, "invalid"),
        (ValidationError("Wrong."), 400, "invalid"),
        (PermissionDenied(), 403, "permission_denied"),
        (DataError("value too long for type character varying(200)"), 400, "invalid_value"),
        (ZeroDivisionError(SECRET), 500, "internal_error"),
    ],
)
def test_every_error_becomes_a_problem_document(error, status, code):
    answer = problem_response(error, {})
    assert (answer.status_code, answer.data["status"], answer.data["code"]) == (status, status, code)
    assert answer.content_type == "application/problem+json"
    assert set(answer.data) >= {"type", "title", "detail", "request_id"}
    assert answer["X-Request-ID"] == answer.data["request_id"]


def test_a_bug_is_logged_under_its_request_id_and_not_shown(caplog):
    with caplog.at_level(logging.ERROR):
        answer = problem_response(ZeroDivisionError("the denominator"), {})
    assert "denominator" not in str(answer.data)
    assert answer.data["request_id"] in caplog.text
    assert "the denominator" in caplog.text


def test_what_can_be_tried_again_says_when():
    later = timezone.now() + timedelta(seconds=90)
    answer = problem_response(Retryable("x.later", "Later.", retry_at=later), {})
    assert 85 <= int(answer["Retry-After"]) <= 90


def test_a_failure_outside_the_api_stays_a_page(rf):
    assert handler500(rf.get("/admin/")).headers["Content-Type"] == "text/html; charset=utf-8"
    assert handler500(rf.get("/api/projects")).headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_parameter_is_an_error(client, method):
    answer = client.generic(method, "/api/projects?nmae=x", "", content_type="application/json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["nmae"])


@pytest.mark.parametrize("size", ["0", "000", "-1", "ten", "", "1.0", "\u0663", "\0", "201", "9" * 30])
def test_a_wrong_page_size_is_an_error_that_tells_the_largest(client, size):
    for path in ("/api/projects", "/api/events", f"/api/projects/{create_project().pk}/audit"):
        answer = client.get(path, {"page_size": size})
        problem = (answer.status_code, answer.json()["errors"])
        assert problem == (400, {"page_size": ["Write a whole number from 1 to 200."]})


@pytest.mark.parametrize("asked", ["1", "200", "007"])
def test_a_page_has_as_many_rows_as_are_asked_for(rf, asked):
    assert PageNumbers().get_page_size(Request(rf.get("/", {"page_size": asked}))) == int(asked)


def test_a_page_says_how_many_rows_there_are(client):
    for _ in range(3):
        create_project()
    page = client.get("/api/projects", {"page_size": 2}).json()
    assert (set(page), page["count"], len(page["results"])) == (
        {"count", "next", "previous", "results"},
        3,
        2,
    )


def test_a_page_behind_the_last_one_is_named(client):
    answer = client.get("/api/projects", {"page": 99})
    said = "There is no page 99."
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (404, "not_found", said)
    assert answer.json()["errors"] == {"page": [said]}


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "null", "1", '{"name": NaN}', "[" * 200_000])
def test_a_body_that_is_no_json_object_is_an_error(client, body):
    answer = client.generic("POST", "/api/projects", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert "non_field" not in answer.content.decode()


def test_what_is_wrong_with_a_whole_body_is_said_of_the_body(client):
    answer = client.post("/api/projects", [1]).json()
    assert answer["detail"] == "Please correct: body."
    assert answer["errors"] == {"body": ["Write a JSON object, in braces."]}


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 1_500_000, 10_000_000])
def test_a_large_body_is_refused_before_it_is_read_and_told_the_limit(client, size):
    answer = client.generic("POST", "/api/projects", "x" * size, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.json()["detail"] == EXAMPLES[413]["detail"] == "A body may have at most 1,000,000 bytes."


def test_a_body_of_another_kind_is_an_error(client):
    answer = client.generic("POST", "/api/projects", "name=x", content_type="text/plain")
    assert answer.status_code == 415


def test_a_body_where_none_is_read_is_an_error(client):
    project = create_project()
    answer = client.post(f"/api/projects/{project.pk}/sync", {"since": "monday"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["body"])
    assert client.post(f"/api/projects/{project.pk}/sync", {}).status_code == 202


@pytest.mark.parametrize("verb", ["sync", "automation/start", "automation/stop", "issues/1/start"])
def test_a_changing_path_does_not_answer_to_get(client, verb):
    project = create_project()
    answer = client.get(f"/api/projects/{project.pk}/{verb}")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")


def test_an_enormous_number_is_not_found(client):
    assert client.get(f"/api/projects/{10**30}").status_code == 404
