"""Alerts: raised once, kept while the fact lasts, ended when it is gone; automation is switched off after a day."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from automation import alerts, hosts
from automation.models import Alert, Host
from issues.models import IssueSession
from projects.models import AuditEvent, Credential, Project, Role
from tests.factories import (
    create_credential,
    create_default_credential,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = pytest.mark.django_db


def opened():
    return [(alert.kind, alert.subject) for alert in Alert.objects.filter(ended_at=None).order_by("kind")]


def failing(code="github.not_found", hours=25, **values):
    since = timezone.now() - timedelta(hours=hours)
    error = {"error_code": code, "error_message": "It is gone.", "error_since": since}
    return create_project(**{"credential": create_credential(), "automation_enabled": True} | error | values)


@pytest.fixture
def host():
    for part in hosts.PARTS:
        hosts.beat(part)
    Host.objects.update(disk_free_bytes=2**40)
    return Host.objects.get()


def test_a_fact_is_raised_once_and_ended_when_it_is_gone(host, caplog):
    caplog.set_level(logging.INFO)
    Host.objects.update(disk_free_bytes=5 * 2**20)
    for _ in range(3):
        alerts.look()
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.subject, "5 MB" in alert.message) == ("disk_low", host.name, True)
    assert alert.last_at > alert.first_at
    Host.objects.update(disk_free_bytes=2**40)
    alerts.look()
    alerts.look()
    assert (opened(), Alert.objects.get().ended_at is not None) == ([], True)
    said = [record.getMessage() for record in caplog.records if "alert=" in record.getMessage()]
    assert [("raised" in line, "ended" in line) for line in said] == [(True, False), (False, True)]
    Host.objects.update(disk_free_bytes=0)
    alerts.look()
    assert Alert.objects.count() == 2, "it is another time"


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_two_that_look_at_the_same_time_raise_a_fact_once_and_end_none_that_lasts(host, nth):
    """In front of the nth query about alerts the disk fills up, and another one looks."""
    asked = []

    def interrupt(execute, sql, params, many, context):
        if "automation_alert" in sql:
            asked.append(sql)
            if len(asked) == nth:
                Host.objects.update(disk_free_bytes=5 * 2**20)
                alerts.look()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(interrupt):
        alerts.look()
    assert (opened(), Alert.objects.count()) == ([("disk_low", host.name)], 1)


def test_refused_tokens_and_low_quotas_are_told_by_credential(host):
    refused, low, fine, unused = (create_credential() for _ in range(4))
    ahead = timezone.now() + timedelta(minutes=20)
    Credential.objects.filter(pk__in=[refused.pk, unused.pk]).update(error_code="github.bad_token")
    hour = {"rate_limit": 5000, "rate_reset_at": ahead}
    Credential.objects.filter(pk=low.pk).update(rate_remaining=499, **hour)
    Credential.objects.filter(pk=fine.pk).update(rate_remaining=500, **hour)
    for credential in (refused, refused, low, fine):
        create_project(credential=credential)
    alerts.look()
    assert opened() == [
        ("credential_refused", f"credential {refused.pk}"),
        ("quota_low", f"credential {low.pk}"),
    ]
    Credential.objects.update(error_code="", rate_reset_at=timezone.now())
    alerts.look()
    assert opened() == []


def test_projects_without_a_token_of_their_own_are_told_of_the_one_that_github_token_names(host):
    default = create_default_credential(
        error_code="github.bad_token",
        rate_limit=5000,
        rate_remaining=10,
        rate_reset_at=timezone.now() + timedelta(minutes=30),
    )
    create_project(credential=create_credential())
    alerts.look()
    assert opened() == [], "no project uses it"
    without = create_project(credential=None)
    alerts.look()
    subject = f"credential {default.pk}"
    assert opened() == [("credential_refused", subject), ("quota_low", subject)]
    Project.objects.filter(pk=without.pk).update(archived_at=timezone.now())
    alerts.look()
    assert opened() == []


def test_a_permission_that_was_taken_is_told_while_a_sync_or_a_session_meets_it(host):
    words = {"error_code": "github.forbidden", "error_message": "Resource not accessible."}
    project = create_project(credential=create_credential(), **words)
    alerts.look()
    alerts.look()
    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.subject, alert.project) == (
        "credential_refused",
        f"project {project.pk}",
        project,
    )
    assert "Resource not accessible." in alert.message
    Project.objects.update(error_code="", error_message="")
    alerts.look()
    assert opened() == []
    later = timezone.now() + timedelta(minutes=5)
    session = create_session(project=project, status="verifying", reason="github.forbidden", not_before=later)
    alerts.look()
    assert opened() == [("credential_refused", f"project {project.pk}")]
    IssueSession.objects.filter(pk=session.pk).update(status="pr_created", reason="")
    alerts.look()
    assert opened() == []


def test_automation_is_switched_off_after_a_day_of_the_same_error_and_the_alert_ends_when_it_is_started(host):
    project = failing()
    alerts.look()
    alerts.look()
    project.refresh_from_db()
    assert (project.automation_enabled, opened()) == (False, [("project_disabled", f"project {project.pk}")])
    assert AuditEvent.objects.filter(project=project, actor="autowrkers").count() == 1
    Project.objects.update(automation_enabled=True, error_code="", error_since=None)
    alerts.look()
    assert opened() == []


def test_automation_is_switched_off_together_with_its_alert_or_not_yet(host):
    def no_room_for_alerts(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "automation_alert"'):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    project = failing()
    with connection.execute_wrapper(no_room_for_alerts), pytest.raises(OperationalError):
        alerts.look()
    project.refresh_from_db()
    assert (project.automation_enabled, opened()) == (True, [])
    assert not AuditEvent.objects.filter(project=project).exists()
    alerts.look()
    project.refresh_from_db()
    assert (project.automation_enabled, opened()) == (False, [("project_disabled", f"project {project.pk}")])


@pytest.mark.parametrize(
    "values",
    [
        {"hours": 23},
        {"code": "github.rate_limited"},
        {"code": "github.bad_token"},
        {"code": "credential.missing"},
        {"code": "github.unavailable"},
        {"code": "git.network"},
        {"automation_enabled": False},
        {"archived_at": "2026-01-01T00:00Z"},
    ],
)
def test_what_resumes_by_itself_or_is_young_switches_nothing_off(host, values):
    project = failing(**values)
    before = project.automation_enabled
    alerts.look()
    project.refresh_from_db()
    assert (project.automation_enabled, opened()) == (before, [])


@pytest.mark.parametrize("make", [create_credential, create_default_credential])
def test_a_project_with_a_refused_token_is_not_switched_off(host, make):
    credential = make()
    project = failing(credential=None if credential.variable else credential)
    Credential.objects.update(error_code="github.bad_token")
    alerts.look()
    project.refresh_from_db()
    assert project.automation_enabled


def test_a_project_that_was_switched_off_is_shown_once_on_attention_and_to_its_people_alone(host, client):
    project = failing()
    alerts.look()
    manager, stranger = create_user(Role.MANAGER, project=project), create_user()
    for person, number in ((manager, 1), (stranger, 0)):
        person.is_staff = True
        person.save()
        client.force_login(person)
        said = client.get("/admin/attention/").content.decode()
        assert said.count("The automation was switched off: the same error for a day.") == number
        assert ("The project cannot be synchronised." in said) is False


def test_superusers_see_the_installations_alerts_on_attention_and_others_do_not(host, client):
    Host.objects.update(disk_free_bytes=5 * 2**20)
    alerts.look()
    for person, sees in ((create_superuser(), True), (create_user(Role.MANAGER, is_staff=True), False)):
        client.force_login(person)
        said = client.get("/admin/attention/").content.decode()
        assert ("Only 5 MB are free" in said) is sees
