"""Pause everything: one page that stops all projects which the person may operate, and no others."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from issues.models import IssueSession
from projects import leases
from projects.models import AuditEvent, Project, Role
from tests.factories import create_membership, create_project, create_session, create_superuser, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.broker]
URL = "/admin/pause/"


@pytest.fixture
def ann():
    """Operates `one` and `two`, sees `three`, and knows nothing of `four`; automation runs in all but `two`."""
    person = create_user(is_staff=True, username="ann")
    for name in ("one", "two", "three", "four"):
        project = create_project(name=name, automation_enabled=name != "two")
        if name != "four":
            role = Role.VIEWER if name == "three" else Role.OPERATOR
            create_membership(user=person, project=project, role=role)
        create_session(project=project, queued_at=timezone.now(), queued_by="bob")
        running = create_session(project=project, status="in_progress", queued_at=timezone.now())
        leases.claim(IssueSession, running.pk)
    return person


def words(answer):
    text = answer.content.decode()
    return " ".join(text[text.index('id="content"') :].split())


def said(answer):
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def test_the_page_counts_projects_running_and_queued_of_those_one_may_operate(client, ann):
    client.force_login(ann)
    text = words(client.get(URL))
    assert reverse("admin:pause-everything") == URL
    assert "2 projects</strong> that you may operate; automation runs in 1 of them" in text
    assert "2 sessions have begun, 2 of them are with a worker now. 2 more issues wait in the queue." in text
    assert "Stop them now</strong> (4)" in text
    assert ">three<" not in text
    assert ">four<" not in text
    assert Project.objects.filter(automation_enabled=True).count() == 3


@pytest.mark.parametrize("wish", ["", "true"])
def test_it_pauses_where_one_may_operate_and_nowhere_else(client, ann, wish):
    client.force_login(ann)
    answer = client.post(URL, {"stop_running": wish})
    assert answer["Location"] == "/admin/"
    assert "Automation is paused in 2 projects." in said(answer)
    running = Project.objects.filter(automation_enabled=True).values_list("name", flat=True)
    assert set(running) == {"three", "four"}
    stopped = IssueSession.objects.filter(requested_verb="stop").values_list("project__name", flat=True)
    dequeued = IssueSession.objects.filter(queued_at=None).values_list("project__name", flat=True)
    assert set(stopped) == set(dequeued) == ({"one", "two"} if wish else set())
    audit = AuditEvent.objects.filter(actor="ann").values_list("verb", "project__name")
    expected = {("automation.stopped", "one")}
    if wish:
        expected |= {("project.stopped_all", "one"), ("project.stopped_all", "two")}
    assert set(audit) == expected


@pytest.mark.parametrize(
    ("method", "data"), [("get", {"force": "1"}), ("post", {"stop_running": "maybe"}), ("post", {"x": "1"})]
)
def test_what_the_form_does_not_offer_changes_nothing(client, ann, method, data):
    client.force_login(ann)
    assert getattr(client, method)(URL, data).status_code == 400
    assert Project.objects.filter(automation_enabled=True).count() == 3


def test_who_operates_nothing_is_refused_and_not_offered_it(client, ann):
    client.force_login(ann)
    assert f'href="{URL}"' in client.get("/admin/").content.decode()
    viewer = create_user(Role.VIEWER, project=Project.objects.get(name="one"), is_staff=True)
    client.force_login(viewer)
    assert client.get(URL).status_code == client.post(URL).status_code == 403
    assert f'href="{URL}"' not in client.get("/admin/").content.decode()


def test_without_any_project_there_is_nothing_to_pause(client):
    client.force_login(create_superuser())
    text = words(client.get(URL))
    assert "There is no project to pause." in text
    assert "<form" not in text
