"""What nobody foresaw while a project is looked after: people are told of it, and it is not tried without pause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from automation import hosts
from automation import tend as tending
from automation.models import WebhookDelivery
from automation.tick import tick
from projects.models import Project
from tests.factories import create_delivery
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "ghp_" + "s" * 36


@pytest.fixture
def project(hub, settings, token, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    return link(hub, settings, token, automation_enabled=True, auto_sync=True)


@pytest.fixture
def fails(monkeypatch):
    def with_error(error):
        def fail(*args, **options):
            raise error

        monkeypatch.setattr(tending, "sync_project", fail)

    return with_error


def test_a_bug_rests_the_project_for_a_while_and_is_told_with_what_waited_for_it(project, fails, caplog):
    fails(RuntimeError(f"What is {SECRET}?"))
    delivery = create_delivery(project=project, event="issues", state=WebhookDelivery.State.RECEIVED)
    with pytest.raises(RuntimeError):
        tending.tend(project.pk)
    project.refresh_from_db()
    assert (project.error_code, project.lease_until) == ("internal_error", None)
    assert f"project={project.pk}" in project.error_message
    assert SECRET not in project.error_message
    assert project.retry_at > timezone.now() + timedelta(minutes=4)
    assert f"project={project.pk} outcome=internal_error" in caplog.text
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (WebhookDelivery.State.FAILED, 1)
    hosts.beat(hosts.QUEUE)
    assert tick() == 0


def test_a_bug_that_is_gone_is_told_no_more(project, fails, monkeypatch):
    fails(RuntimeError("?"))
    with pytest.raises(RuntimeError):
        tending.tend(project.pk)
    monkeypatch.undo()
    assert tending.tend(project.pk)
    assert Project.objects.get(pk=project.pk).error_code == ""


def test_a_database_that_went_away_is_no_bug(project, fails):
    fails(OperationalError("the server closed the connection"))
    with pytest.raises(OperationalError):
        tending.tend(project.pk)
    assert Project.objects.get(pk=project.pk).error_code == ""
