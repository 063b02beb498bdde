"""A settings page that is older than the project, or sent twice, or tampered with, saves nothing and says so."""

from __future__ import annotations

import pytest
from django.db.models.signals import pre_save

from projects.models import AuditEvent, Membership, Project, Role
from tests.factories import create_membership, create_project, create_superuser, create_user
from tests.projects.admin_forms import filled, send
from tests.projects.test_admin_settings import page, roles

pytestmark = [pytest.mark.django_db, pytest.mark.services]
OLD = "Somebody changed this project since you opened the form"


@pytest.fixture
def project():
    return create_project(test_command="make test", max_concurrent=2, name="Shop")


@pytest.fixture
def manager(client, project):
    user = create_user(Role.MANAGER, project=project, is_staff=True, username="mia")
    client.force_login(user)
    client.raise_request_exception = False
    return client


@pytest.fixture
def otto(manager):
    return create_user(username="otto")


def assert_refused(answer, words):
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert not AuditEvent.objects.exists()


def test_what_others_changed_meanwhile_is_not_reverted(manager, project):
    body = filled(manager, project) | {"name": "Typed by me"}
    Project.objects.update(test_command="make all", max_concurrent=7)
    answer = send(manager, project, body)
    assert_refused(answer, OLD)
    assert "Typed by me" in answer.content.decode()
    assert Project.objects.values_list("name", "test_command", "max_concurrent").get() == (
        "Shop",
        "make all",
        7,
    )
    assert_refused(send(manager, project, body), OLD)
    assert send(manager, project, filled(manager, project) | {"name": "Typed by me"}).status_code == 302
    assert Project.objects.values_list("name", "test_command").get() == ("Typed by me", "make all")


def test_what_the_product_itself_writes_makes_no_form_old(manager, project):
    body = filled(manager, project) | {"name": "New"}
    Project.objects.update(automation_enabled=True, workspace_bytes=7, error_code="x.y", error_message="x")
    assert send(manager, project, body).status_code == 302


@pytest.mark.parametrize("shown", [None, "", "x" * 64])
def test_a_form_that_cannot_say_what_it_showed_is_refused(manager, project, shown):
    body = {name: value for name, value in filled(manager, project).items() if name != "shown"}
    assert_refused(send(manager, project, body | ({} if shown is None else {"shown": shown})), OLD)


def test_roles_that_others_changed_meanwhile_are_not_reverted(manager, project, otto):
    membership = create_membership(project=project, user=otto, role=Role.MANAGER)
    body = filled(manager, project)
    Membership.objects.filter(pk=membership.pk).update(role=Role.VIEWER)
    assert_refused(send(manager, project, body), OLD)
    assert roles(project)["otto"] == "viewer"
    body = filled(manager, project)
    membership.delete()
    assert_refused(send(manager, project, body), OLD)


def test_a_form_with_a_new_role_that_is_sent_twice_gives_it_once(manager, project, otto):
    body = filled(manager, project) | {"memberships-1-username": "otto", "memberships-1-role": "viewer"}
    assert send(manager, project, body).status_code == 302
    AuditEvent.objects.all().delete()
    assert_refused(send(manager, project, body), OLD)
    assert roles(project) == {"mia": "manager", "otto": "viewer"}


@pytest.mark.parametrize("count", ["0", "5", "-1"])
def test_a_wrong_count_of_roles_is_refused(manager, project, count):
    answer = send(manager, project, filled(manager, project) | {"memberships-INITIAL_FORMS": count})
    assert_refused(answer, "")
    assert roles(project) == {"mia": "manager"}


def test_a_role_of_another_project_in_the_form_is_named_as_foreign(manager, project, otto):
    other = create_membership(user=otto, role=Role.VIEWER)
    forged = {"memberships-0-id": other.pk, "memberships-0-role": "manager"}
    assert_refused(send(manager, project, filled(manager, project) | forged), "not of this project")
    assert roles(other.project) == {"otto": "viewer"}
    manager.force_login(create_superuser())
    assert_refused(send(manager, project, filled(manager, project) | forged), "not of this project")


def test_a_role_that_is_given_twice_in_the_same_moment_is_no_failure(manager, project, otto):
    def overtake(instance, **_):
        pre_save.disconnect(overtake, sender=Membership)
        Membership.objects.create(project=project, user=otto)

    body = filled(manager, project) | {"memberships-1-username": "otto", "memberships-1-role": "viewer"}
    pre_save.connect(overtake, sender=Membership)
    answer = send(manager, project, body | {"name": "New"})
    assert answer.headers["Location"] == page(project)
    assert "in the same moment: nothing was saved" in manager.get(page(project)).content.decode()
    assert Project.objects.get().name == "Shop"
    assert not AuditEvent.objects.exists()
