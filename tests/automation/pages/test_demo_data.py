"""Removing demo data: offered where there is any, asked about, and done to the demo projects of a manager alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from projects.models import AuditEvent, Project, Role
from tests.factories import create_membership, create_project, create_superuser, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
OFFER = "Remove demo data"


@pytest.fixture
def url():
    return reverse("admin:remove-demo")


@pytest.fixture
def demo():
    return create_project(name="calc (demo)", agent=Project.Agent.SCRIPTED)


def names():
    return set(Project.objects.active().values_list("name", flat=True))


def test_the_banner_leads_to_a_page_that_asks_and_goes_with_the_last_demo_project(client, url, demo):
    create_project(name="real")
    client.force_login(create_superuser())
    assert f'href="{url}">{OFFER}' in client.get("/admin/").content.decode()
    asked = client.get(url).content.decode()
    assert ("calc (demo)" in asked, ">real<" in asked) == (True, False)
    assert names() == {"calc (demo)", "real"}
    answer = client.post(url, follow=True).content.decode()
    assert ("Archived: calc (demo)." in answer, OFFER in answer) == (True, False)
    assert names() == {"real"}
    assert AuditEvent.objects.get(verb="project.archived").project == demo
    assert "nothing was removed" in client.post(url, follow=True).content.decode()


def test_a_manager_removes_the_own_demo_and_an_operator_is_offered_nothing(client, url, demo):
    other = create_project(name="of others", agent=Project.Agent.SCRIPTED)
    person = create_user(Role.MANAGER, project=demo, is_staff=True)
    create_membership(user=person, project=other, role=Role.OPERATOR)
    client.force_login(create_user(Role.OPERATOR, project=demo, is_staff=True))
    assert OFFER not in client.get("/admin/").content.decode()
    assert (client.get(url).status_code, client.post(url).status_code) == (403, 403)
    client.force_login(person)
    client.post(url)
    assert names() == {"of others"}


def test_a_field_that_the_page_does_not_know_is_refused_and_nothing_is_removed(client, url, demo):
    client.force_login(create_superuser())
    assert client.post(url, {"all": "1"}).status_code == 400
    assert names() == {"calc (demo)"}
