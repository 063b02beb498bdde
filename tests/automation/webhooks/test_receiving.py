"""What the receiver answers: only what is signed with a stored secret is read, and one row is kept of it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ

from automation.models import RepositoryHook, WebhookDelivery
from automation.webhooks import inbox, receiving
from projects.models import Project
from tests.automation.webhooks.signing import SECRET, URL, deliver, hooked_project, payload_of, sign
from tests.factories import API_URL, create_project

pytestmark = pytest.mark.django_db
STRANGER = "secret-of-a-stranger"


@pytest.fixture(autouse=True)
def api_url(settings):
    settings.GITHUB_API_URL = API_URL


def only():
    return WebhookDelivery.objects.get()


def nothing_happened():
    return not WebhookDelivery.objects.exists() and not OrmQ.objects.exists()


def test_a_signed_delivery_is_stored_and_its_project_woken():
    project = hooked_project()
    answer = deliver("issues", payload_of(project, action="opened", issue={"number": 7}), guid="abc-1")
    assert answer.status_code == 202
    row = only()
    assert (row.delivery_id, row.event, row.action, row.project) == ("abc-1", "issues", "opened", project)
    assert (row.state, OrmQ.objects.count()) == ("received", 1)


def test_a_form_encoded_delivery_is_read_as_well():
    project = hooked_project()
    body = urlencode({"payload": json.dumps(payload_of(project, action="opened"))}).encode()
    answer = deliver("issues", None, body=body, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, only().project) == (202, project)


def test_the_path_with_a_slash_works_and_other_methods_do_not():
    hooked_project()
    body = b"{}"
    headers = {"X-Hub-Signature-256": sign(body), "X-GitHub-Delivery": "a", "X-GitHub-Event": "star"}
    post = Client().post(URL + "/", body, content_type="application/json", headers=headers)
    assert post.status_code == 202
    answer = Client().get(URL)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_forged_unsigned_and_sha1_signed_deliveries_are_refused_before_anything_reads_them(monkeypatch):
    project = hooked_project()
    monkeypatch.setattr(receiving, "_payload", lambda *_: pytest.fail("the body was read"))
    payload = payload_of(project, action="opened")
    answers = [
        deliver("issues", payload, secret=STRANGER),
        deliver("issues", payload, X_Hub_Signature_256=""),
        deliver("issues", payload, X_Hub_Signature_256=sign(b"{}", SECRET, "sha1")),
        deliver("issues", payload, X_Hub_Signature_256="sha256=" + "g" * 64),
        deliver("issues", payload, X_Hub_Signature_256=sign(b"other bytes")),
        deliver("issues", payload, X_Hub_Signature_256=sign(json.dumps(payload).encode()).upper()),
    ]
    assert [answer.status_code for answer in answers] == [401] * 6
    assert nothing_happened()


def test_a_delivery_of_26_mb_is_refused_without_being_read(monkeypatch):
    hooked_project()
    monkeypatch.setattr(receiving, "_read", lambda request: pytest.fail("the body was read"))
    body = b"x" * (26 * 1024 * 1024)
    assert deliver("issues", None, body=body).status_code == 413
    assert nothing_happened()


def test_a_delivery_of_2_mb_is_taken_although_pages_take_less():
    project = hooked_project()
    payload = payload_of(project, action="opened", padding="x" * 2_000_000)
    assert deliver("issues", payload).status_code == 202
    assert len(json.dumps(only().payload)) < 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"payload=1", b"[" * 100_000, b"1" * 10_000]
)
def test_what_is_no_json_object_is_refused(body):
    hooked_project()
    assert deliver("issues", None, body=body).status_code == 400
    content_type = "application/x-www-form-urlencoded"
    assert deliver("issues", None, body=body, content_type=content_type).status_code == 400
    assert nothing_happened()


@pytest.mark.parametrize("name", ["X_GitHub_Delivery", "X_GitHub_Event"])
@pytest.mark.parametrize("value", ["", "x" * 65, "a b", "<script>"])
def test_a_missing_or_odd_delivery_id_or_event_is_refused(name, value):
    project = hooked_project()
    assert deliver("issues", payload_of(project), **{name: value}).status_code == 400
    assert nothing_happened()


def test_an_unknown_event_and_a_foreign_repository_are_kept_as_ignored():
    project = hooked_project()
    other = create_project(github_id=99)
    archived = create_project(github_id=77, archived_at=timezone.now())
    answers = [
        deliver("star", payload_of(project, action="created")),
        deliver("issues", payload_of(other, action="opened")),
        deliver("issues", payload_of(archived, action="opened")),
        deliver("issues", {"action": "opened"}),
    ]
    assert [answer.status_code for answer in answers] == [202] * 4
    rows = WebhookDelivery.objects.order_by("pk")
    assert [row.state for row in rows] == ["ignored"] * 4
    reasons = [inbox.UNUSED, inbox.UNLINKED, inbox.ARCHIVED, inbox.NOWHERE]
    assert [row.reason for row in rows] == reasons
    assert not OrmQ.objects.exists()


def test_another_projects_secret_does_not_reach_a_project():
    victim = hooked_project()
    attacker = hooked_project("the-secret-of-another-project", github_id=99)
    answer = deliver("issues", payload_of(victim, action="opened"), secret="the-secret-of-another-project")
    assert answer.status_code == 202
    assert (only().state, only().project) == ("ignored", None)
    assert not OrmQ.objects.exists()
    assert attacker.deliveries.count() == victim.deliveries.count() == 0


def test_an_organisations_hook_reaches_every_project_that_has_its_secret():
    first, second = hooked_project(), hooked_project(github_id=99)
    assert first.webhook_credential_id == second.webhook_credential_id
    organisation = {
        "X_GitHub_Hook_Installation_Target_Type": "organization",
        "X_GitHub_Hook_Installation_Target_ID": "1",
    }
    for project in (first, second):
        deliver("issues", payload_of(project, action="opened"), **organisation)
    assert [project.deliveries.count() for project in (first, second)] == [1, 1]


def test_before_first_contact_the_repository_is_known_by_its_name():
    project = hooked_project(github_id=None)
    deliver("issues", payload_of(project, action="opened"))
    assert only().project == project


def test_a_hundred_duplicates_make_one_row_and_one_wake():
    project = hooked_project()
    payload = payload_of(project, action="opened")
    answers = {deliver("issues", payload, guid="same").status_code for _ in range(100)}
    assert (answers, WebhookDelivery.objects.count(), OrmQ.objects.count()) == ({202}, 1, 1)


def test_a_duplicate_of_a_done_delivery_does_nothing_and_one_of_a_failed_delivery_works():
    project = hooked_project()
    payload = payload_of(project, action="opened")
    deliver("issues", payload, guid="same")
    OrmQ.objects.all().delete()
    WebhookDelivery.objects.update(state="done")
    deliver("issues", payload, guid="same")
    assert (only().state, OrmQ.objects.count()) == ("done", 0)
    WebhookDelivery.objects.update(state="failed", attempts=inbox.MOST_ATTEMPTS)
    deliver("issues", payload, guid="same")
    assert (only().state, only().attempts, OrmQ.objects.count()) == ("received", 0, 1)


def test_a_delivery_that_came_before_its_repository_was_linked_works_when_it_comes_again():
    other = hooked_project(github_id=99)
    late = create_project(github_id=55)
    deliver("issues", payload_of(late, action="opened"), guid="same")
    assert only().project is None
    Project.objects.filter(pk=late.pk).update(webhook_credential=other.webhook_credential_id)
    deliver("issues", payload_of(late, action="opened"), guid="same")
    assert (only().state, only().project) == ("received", late)


def test_a_ping_is_done_at_once_and_tells_the_hooks_id():
    project = hooked_project()
    deliver("ping", payload_of(project, zen="Keep it logically awesome.", hook_id=12))
    assert (only().state, OrmQ.objects.count()) == ("done", 0)
    assert RepositoryHook.objects.get().hook_id == 12


def test_a_changed_installation_wakes_every_project_of_the_secret():
    project = hooked_project()
    deliver(
        "installation",
        {"action": "suspend", "installation": {"id": 1}},
        X_GitHub_Hook_Installation_Target_ID="",
    )
    project.refresh_from_db()
    assert project.sync_requested_at is not None
    assert (only().state, OrmQ.objects.count()) == ("done", 1)


def test_the_database_being_down_asks_github_to_come_again(monkeypatch):
    project = hooked_project()

    def fail(*args, **kwargs):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(inbox, "keep", fail)
    answer = deliver("issues", payload_of(project))
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_a_queue_that_is_down_costs_no_delivery(monkeypatch):
    project = hooked_project()

    def fail(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr("automation.queue.async_task", fail)
    assert deliver("issues", payload_of(project)).status_code == 202
    assert only().state == "received"


def test_neither_session_nor_user_is_asked_for():
    project = hooked_project()
    with CaptureQueriesContext(connection) as captured:
        answer = deliver("issues", payload_of(project))
    assert not answer.cookies
    asked = " ".join(query["sql"] for query in captured)
    assert "django_session" not in asked
    assert "auth_user" not in asked
    assert len(captured) <= 7, (
        "the secret, the project, the row in its transaction, whether others wait, the message"
    )
