"""The head of a project's board: why nothing moves, when it is synced next, and which step an empty board offers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import IssueSession
from issues.transitions import SYSTEM
from projects import leases
from projects.models import Credential, Project, Role
from tests.automation.pages.test_board import login, page
from tests.factories import (
    create_attempt,
    create_credential,
    create_project,
    create_session,
    create_superuser,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def project():
    return create_project(last_synced_at=timezone.now())


@pytest.fixture
def manager(client, project):
    return login(client, project, Role.MANAGER)


def test_automation_is_paused_where_it_runs_and_started_where_it_does_not(manager, project):
    assert "Start automation" in page(manager, project)
    Project.objects.update(automation_enabled=True)
    text = page(manager, project)
    assert "Pause" in text
    assert "Start automation" not in text


def test_the_head_says_in_words_why_nothing_moves(manager, project, settings):
    settings.AUTOWRKERS_AGENT_SLOTS = 1
    assert "Automation is paused" in page(manager, project)
    Project.objects.update(automation_enabled=True, last_tended_at=timezone.now())
    create_session(project=project)
    assert "auto start is off" in page(manager, project)
    create_session(project=project, queued_at=timezone.now(), queued_by="ann")
    leases.claim(IssueSession, create_session(project=project, status="in_progress").pk)
    assert "1 of at most 1 sessions run" in page(manager, project)
    Project.objects.update(max_concurrent=5)
    assert "All places for agents on this host are taken" in page(manager, project)
    Project.objects.update(last_tended_at=timezone.now() - timedelta(hours=1))
    assert "No worker looks after this project" in page(manager, project)
    Project.objects.update(monthly_budget_usd=1)
    create_attempt(IssueSession.objects.first(), cost_usd=2)
    text = page(manager, project)
    assert "The monthly budget of $ 1.00 is used up: $ 2.00 spent." in text
    assert "<meter" in text
    refused = create_credential()
    Credential.objects.update(error_code="github.bad_token", error_message="Bad credentials")
    Project.objects.update(credential=refused)
    assert "Bad credentials. Store a valid token" in page(manager, project)


@pytest.mark.parametrize(
    ("values", "query", "words"),
    [
        ({"last_synced_at": None}, "", "Sync now"),
        ({"last_synced_at": None, "sync_requested_at": timezone.now()}, "", "A sync is asked for"),
        ({}, "", "Look at the settings"),
        ({}, "?status=failed", "Clear the filter"),
    ],
)
def test_an_empty_board_says_the_next_step(manager, project, values, query, words):
    Project.objects.update(**values)
    assert words in page(manager, project, query)


def test_a_board_that_waits_for_its_first_sync_offers_to_be_loaded_again(manager, project):
    Project.objects.update(last_synced_at=None, sync_requested_at=timezone.now())
    text = page(manager, project)
    assert f'<a class="btn primary" href="{reverse("admin:board", args=[project.pk])}">Reload</a>' in text
    assert "appear here" not in text


def failed_sync():
    now = timezone.now()
    Project.objects.update(
        last_synced_at=None,
        sync_requested_at=now - timedelta(minutes=1),
        last_tended_at=now,
        retry_at=now + timedelta(minutes=5),
        error_code="github.unavailable",
        error_message="GitHub does not answer: ConnectionError.",
    )


def test_a_board_whose_first_sync_failed_says_when_it_is_tried_again_and_leads_to_the_checks(client, project):
    failed_sync()
    text = page(login(client, project, Role.MANAGER), project)
    assert "A sync is asked for" not in text
    assert re.search(r"The sync failed, .* It is tried again <time[^>]*>in 5 min</time>", text)
    checks = reverse("admin:link-checks", args=[project.pk])
    assert f'<a class="btn primary" href="{checks}">Check the connection</a>' in text
    assert re.search(r"Next sync</dt><dd><time[^>]*>in 5 min", text)
    assert checks not in page(login(client, project, Role.OPERATOR), project)


def test_a_sync_that_is_asked_for_after_one_failed_is_waited_for(manager, project):
    failed_sync()
    Project.objects.update(sync_requested_at=timezone.now() + timedelta(seconds=1))
    assert "A sync is asked for" in page(manager, project)


def test_a_sync_that_should_have_come_already_is_due_now(manager, project):
    Project.objects.update(automation_enabled=True, last_synced_at=timezone.now() - timedelta(hours=3))
    text = page(manager, project)
    assert "<dt>Next sync</dt><dd>due now</dd>" in text
    assert "just now" not in text


def test_only_who_sees_the_workers_on_the_doctor_page_is_sent_there(client, project):
    Project.objects.update(automation_enabled=True)
    link = f'see on the <a href="{reverse("admin:doctor")}">Doctor page</a>'
    text = page(login(client, project, Role.MANAGER), project)
    assert "No worker looks after this project: ask an administrator whether workers run." in text
    assert link not in text
    client.force_login(create_superuser())
    assert link in page(client, project)


@pytest.mark.parametrize(
    ("automation", "values", "offered"),
    [
        (True, None, False),
        (True, {"status": "failed"}, False),
        (True, {}, True),
        (True, {"queued_at": timezone.now(), "queued_by": SYSTEM}, False),
        (False, {"queued_at": timezone.now(), "queued_by": SYSTEM}, True),
        (False, {"queued_at": timezone.now(), "queued_by": "ann"}, False),
    ],
)
def test_start_all_is_offered_where_it_would_queue_something(manager, project, automation, values, offered):
    Project.objects.update(automation_enabled=automation)
    if values is not None:
        create_session(project=project, **values)
    assert ("Start all" in page(manager, project)) == offered
