"""The Doctor page: fast to look at, asks only when told to, and shows each person what concerns them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import Project
from tests.factories import create_project, create_superuser, create_user
from tests.linking import link

pytestmark = pytest.mark.django_db
URL = "/admin/doctor/"


@pytest.fixture
def project(hub, settings, token, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT, settings.AUTOWRKERS_LOG_ROOT = tmp_path / "work", tmp_path / "logs"
    return link(hub, settings, token, agent="command", agent_command="python3 {prompt_file}")


def headings(answer):
    return [group.heading for group in answer.context["groups"]]


def test_looking_asks_nobody_and_running_asks_each_token_once(client, hub, project):
    client.force_login(create_superuser())
    assert client.get(URL).status_code == 200
    assert hub.requests == []
    answer = client.post(URL)
    assert [exchange.path for exchange in hub.requests] == ["/user"]
    assert b"GitHub knows the token" in answer.content


def test_a_superuser_sees_the_installation_and_others_their_projects(client, project):
    create_project(name="foreign", error_code="x", error_message="Foreign trouble.")
    Project.objects.filter(pk=project.pk).update(error_code="x", error_message="Own trouble.")
    client.force_login(create_superuser())
    everything = client.get(URL)
    assert {"Settings", "Database", "Storage", "Queue and clock"} <= set(headings(everything))
    assert b"Foreign trouble." in everything.content
    client.force_login(create_user("viewer", project=project, is_staff=True))
    mine = client.get(URL)
    assert headings(mine) == ["GitHub"]
    assert b"Own trouble." in mine.content
    assert b"Foreign trouble." not in mine.content


def test_a_viewer_can_neither_see_the_button_nor_burn_quota(client, hub, project):
    client.force_login(create_user("viewer", project=project, is_staff=True))
    assert b"Run all checks now" not in client.get(URL).content
    answer = client.post(URL)
    assert (answer.status_code, b"Operator or Manager" in answer.content, hub.requests) == (403, True, [])
    client.force_login(create_user("operator", project=project, is_staff=True))
    assert b"Run all checks now" in client.get(URL).content
    assert client.post(URL).status_code == 200


def test_running_looks_only_at_projects_that_one_may_operate(client, hub, project):
    seen = create_project(name="only-seen", error_code="x", error_message="Seen trouble.")
    person = create_user("operator", project=project, is_staff=True)
    seen.memberships.create(user=person, role="viewer")
    client.force_login(person)
    assert b"Seen trouble." in client.get(URL).content
    assert b"Seen trouble." not in client.post(URL).content


def test_who_has_no_project_is_told_the_next_step(client):
    client.force_login(create_user(is_staff=True))
    assert b"you have no project yet" in client.get(URL).content


def test_other_methods_and_hostile_names(client, project):
    client.force_login(create_superuser())
    assert client.put(URL).status_code == 405
    Project.objects.update(
        name="<script>alert(1)</script>\u202e", error_code="x", error_message="<img src=x>"
    )
    shown = client.get(URL).content.decode()
    assert "<script>alert" not in shown
    assert "<img src=x>" not in shown
    assert "No webhook secret" in shown


def test_no_secret_is_on_the_page(client, hub, project, token):
    hub.revoke(token)
    client.force_login(create_superuser())
    assert token not in client.post(URL).content.decode()


def test_queries_do_not_grow_with_projects(client, project):
    client.force_login(create_superuser())
    client.get(URL)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    for _ in range(20):
        create_project()
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(many) == len(few)
