"""The API of deliveries and alerts: whose are answered, by which filters, and that nothing secret is in them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from projects.access import create_token
from projects.models import Role
from tests.factories import (
    api_client,
    create_alert,
    create_delivery,
    create_project,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db
DELIVERIES, ALERTS = "/api/webhook-deliveries", "/api/alerts"
CREATE = {DELIVERIES: create_delivery, ALERTS: create_alert}


def ids(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


@pytest.fixture
def root():
    return api_client(create_superuser())


@pytest.mark.parametrize("path", CREATE)
def test_people_get_those_of_their_projects_and_superusers_those_of_none_too(path, root):
    project = create_project()
    own, foreign, of_none = (CREATE[path](project=each).pk for each in (project, create_project(), None))
    viewer = create_user(Role.VIEWER, project=project)
    assert ids(api_client(viewer), path) == [own]
    assert ids(root, path) == [of_none, foreign, own]
    _, plain = create_token(create_superuser(), scope="read", projects=[project])
    limited = APIClient(headers={"Authorization": f"Bearer {plain}"})
    assert ids(limited, path) == [own]


def test_the_api_answers_the_deliveries_that_the_page_shows(client):
    project = create_project()
    for each in (project, create_project(), None):
        create_delivery(project=each)
    for user in (create_superuser(), create_user(Role.VIEWER, project=project, is_staff=True)):
        client.force_login(user)
        shown = [line.row.pk for line in client.get("/admin/deliveries/").context["lines"]]
        assert ids(api_client(user), DELIVERIES) == shown


def test_deliveries_are_narrowed_by_status_event_and_project(root):
    done, push = create_delivery(project=create_project()), create_delivery(event="push", state="failed")
    assert ids(root, DELIVERIES, status="failed") == [push.pk]
    assert ids(root, DELIVERIES, status=["failed", "done"]) == [push.pk, done.pk]
    assert ids(root, DELIVERIES, event="issues") == [done.pk]
    assert ids(root, DELIVERIES, project=done.project_id) == [done.pk]


def test_alerts_are_narrowed_by_kind_project_and_whether_they_last(root):
    ended = create_alert(ended_at=timezone.now(), project=create_project())
    lasting = create_alert(kind="disk_low")
    assert ids(root, ALERTS, open="true") == [lasting.pk]
    assert ids(root, ALERTS, open="false") == [ended.pk]
    assert ids(root, ALERTS, kind="disk_low") == [lasting.pk]
    assert ids(root, ALERTS, project=ended.project_id) == [ended.pk]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (DELIVERIES, "status", "lost"),
        (DELIVERIES, "event", "pul_request"),
        (DELIVERIES, "project", "x"),
        (DELIVERIES, "state", "done"),
        (DELIVERIES, "page", "1"),
        (ALERTS, "kind", "x\0"),
        (ALERTS, "open", "maybe"),
        (ALERTS, "project", "-1"),
        (ALERTS, "ordering", "id"),
    ],
)
def test_a_filter_that_nobody_knows_and_a_wrong_value_are_named(root, path, name, value):
    answer = root.get(path, {name: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])


def test_a_delivery_says_what_it_names_and_nothing_else_of_what_was_sent(root):
    create_delivery(
        action="opened",
        reason="Events of this kind are not used.",
        payload={"repository": "octo/app", "pulls": [7], "hook_id": 99, "secret": "s3cret"},
    )
    (row,) = root.get(DELIVERIES).json()["results"]
    assert row["about"] == {
        "repository": "octo/app",
        "issue": None,
        "pull_requests": [7],
        "branches": [],
        "commits": [],
    }
    assert (row["status"], row["event"], row["action"], row["project"]) == ("done", "issues", "opened", None)
    assert "s3cret" not in str(row)


def test_an_alert_says_what_to_do(root):
    create_alert(kind="disk_low", subject="h1", message="Only 9 MB are free.", remedy="Free some.")
    (row,) = root.get(ALERTS).json()["results"]
    assert (row["kind"], row["subject"], row["remedy"]) == ("disk_low", "h1", "Free some.")
    assert row["ended_at"] is None


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_the_root_leads_to_everything(path, root):
    answer = root.get(path)
    assert answer["X-API-Version"] == answer.json()["version"] == "1"
    links = {name: url for name, url in answer.json().items() if name != "version"}
    assert links["webhook_deliveries"] == f"http://testserver{DELIVERIES}"
    for url in links.values():
        assert root.get(url).status_code == 200


@pytest.mark.parametrize("path", ["/api", "/api/"])
def test_the_root_is_a_page_for_staff_and_a_problem_for_strangers(path, client):
    assert Client().get(path).json()["code"] == "not_authenticated"
    assert Client().get(f"{path}?a=%00").json()["status"] == 401
    client.force_login(create_superuser())
    page = client.get(path, headers={"Accept": "text/html"}).content.decode()
    for name in ("projects", "issue-sessions", "events", "webhook-deliveries", "alerts", "schema", "docs"):
        assert f'href="/api/{name}"' in page
    assert 'href="/api/"' not in page, "it leads nowhere but here"
