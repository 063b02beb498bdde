"""send_digest: who gets it, once, over a real SMTP conversation, and what happens when the server says no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from automation import digest, digest_outbox
from automation.models import Notification, NotificationRoute
from projects.models import Project, Role
from tests.automation.commands.calling import run_command
from tests.automation.smtp import serving_mail
from tests.factories import create_membership, create_project, create_session, create_user

pytestmark = pytest.mark.django_db
WEEKLY = ("send_digest", "--period", "weekly")


@pytest.fixture
def server(settings):
    with serving_mail(settings) as server:
        yield server


@pytest.fixture
def ann():
    return create_user(role=Role.MANAGER, project=eventful(), email="ann@example.com")


def eventful(**values):
    """A project in which something waits and something ended last week."""
    project = create_project(**values)
    create_session(project=project, status="needs_review", reason="stopped")
    create_session(
        project=project,
        status="completed",
        completed_at=timezone.now() - timedelta(days=timezone.now().weekday() + 1),
    )
    return project


def receivers(server):
    return [address for addresses, _ in server.taken for address in addresses]


def outcomes(*arguments):
    ran = run_command(*WEEKLY, "--json", *arguments)
    return ran.code, {row["address"]: row["outcome"] for row in ran.data["receivers"]}


@pytest.mark.services
def test_only_active_managers_with_an_address_get_one_mail_each(server, ann):
    project = ann.memberships.get().project
    create_membership(project=eventful(), user=ann)
    for role in (Role.VIEWER, Role.OPERATOR):
        create_user(role=role, project=project)
    create_user(role=Role.MANAGER, project=project, is_active=False)
    create_user(role=Role.MANAGER, project=project, email="")
    create_user(role=Role.MANAGER, project=eventful(archived_at=timezone.now()))
    create_user(is_superuser=True)
    assert outcomes() == (0, {"ann@example.com": "sent"})
    assert receivers(server) == ["ann@example.com"]


def test_it_tells_only_of_what_its_receiver_manages(server, ann):
    seen, other = eventful(name="seen by her"), eventful(name="hers to look at only")
    create_membership(project=seen, user=ann)
    create_membership(project=other, user=ann, role=Role.VIEWER)
    ben = create_user(role=Role.MANAGER, project=other, email="ben@example.com")
    run_command(*WEEKLY)
    texts = {to: message.get_body(("plain",)).get_content() for (to,), message in server.taken}
    assert set(texts) == {ann.email, ben.email}
    assert ("seen by her" in texts[ann.email], "hers to look" in texts[ann.email]) == (True, False)
    assert ("seen by her" in texts[ben.email], "hers to look" in texts[ben.email]) == (False, True)


def test_project_and_address_narrow_it_to_some(server, ann):
    mine = ann.memberships.get().project
    ben = create_user(role=Role.MANAGER, project=eventful(), email="ben@example.com")
    assert outcomes("--to", "BEN@example.com") == (0, {ben.email: "sent"})
    assert outcomes("--project", mine.pk) == (0, {ann.email: "sent"})
    ran = run_command(*WEEKLY, "--project", mine.pk, "--to", ben.email)
    assert (ran.code, "the role Manager" in ran.err) == (1, True)


@pytest.mark.services
def test_nobody_gets_the_same_one_twice_unless_again(server, ann):
    assert outcomes()[1] == {ann.email: "sent"}
    assert outcomes() == (0, {ann.email: "has it already"})
    assert len(server.taken) == 1
    assert outcomes("--again") == (0, {ann.email: "sent"})
    assert outcomes()[1] == {ann.email: "has it already"}
    first, second = (message["Message-ID"] for _, message in server.taken)
    assert first == second
    row = Notification.objects.get()
    assert (row.sent_at is not None, row.error, row.event) == (True, "", "digest.weekly")


def test_another_kind_and_the_next_period_are_others(server, ann, monkeypatch):
    run_command(*WEEKLY)
    assert run_command("send_digest", "--period", "monthly").code == 0
    later = timezone.now() + timedelta(days=7)
    monkeypatch.setattr("automation.management.commands.send_digest.timezone.now", lambda: later)
    run_command(*WEEKLY)
    assert len(server.taken) == Notification.objects.count() == 3


def test_nothing_is_sent_when_there_is_nothing(server):
    project = create_project()
    user = create_user(role=Role.MANAGER, project=project)
    create_session(project=project, status="pending")
    create_session(project=project, status="failed", issue_state="closed", completed_at=timezone.now())
    assert outcomes() == (0, {user.email: "nothing to tell"})
    assert (server.taken, Notification.objects.exists()) == ([], False)


def test_a_dry_run_prints_the_mail_and_needs_no_server(settings, ann):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    ran = run_command(*WEEKLY, "--dry-run")
    assert (ran.code, Notification.objects.exists(), NotificationRoute.objects.exists()) == (0, False, False)
    assert "ann@example.com: would send ([project" in ran.out
    assert "WAITS FOR YOU" in ran.out


def test_without_a_server_it_is_not_ready(settings, ann):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    ran = run_command(*WEEKLY)
    assert (ran.code, "Set EMAIL_URL" in ran.err, Notification.objects.exists()) == (4, True, False)


def test_a_refused_one_is_told_in_the_servers_words_and_sent_by_the_next_run(server, ann):
    server.answers["RCPT"] = "450 4.2.1 mailbox busy"
    ran = run_command(*WEEKLY)
    assert (ran.code, "ann@example.com: 127.0.0.1" in ran.err, "450 4.2.1 mailbox busy" in ran.err) == (
        1,
        True,
        True,
    )
    assert "450 4.2.1" in Notification.objects.get().error
    server.answers.clear()
    assert outcomes() == (0, {ann.email: "sent"})
    assert Notification.objects.get().error == ""


def test_one_that_may_have_arrived_is_not_sent_again(server, ann):
    server.answers["TAKEN"] = ""
    assert outcomes() == (1, {ann.email: "failed"})
    server.answers.clear()
    assert outcomes() == (0, {ann.email: "has it already"})
    assert len(server.taken) == 1


def test_one_whose_run_broke_off_is_left_alone_and_said(server, ann):
    period = digest.last_period("weekly", timezone.now())
    assert digest_outbox.claim(ann, period, subject="s", again=False)
    ran = run_command(*WEEKLY, "--json")
    assert (ran.code, ran.answer["errors"][0]["code"], server.taken) == (1, "digest.begun", [])
    assert outcomes("--again") == (0, {ann.email: "sent"})


def test_the_refusal_of_one_does_not_keep_the_others_from_theirs(server, ann):
    create_user(role=Role.MANAGER, project=eventful(), email="ann@exämple\n.com")
    ben = create_user(role=Role.MANAGER, project=eventful(), email="ben@example.com")
    code, found = outcomes()
    assert (code, list(found.values())) == (3, ["sent", "failed", "sent"])
    assert receivers(server) == [ann.email, ben.email]


def test_a_server_that_is_away_ends_it_at_once(settings, ann):
    with serving_mail(settings):
        pass
    create_user(role=Role.MANAGER, project=eventful(), email="ben@example.com")
    assert outcomes() == (4, {ann.email: "failed"})


def test_a_paused_route_sends_none(server, ann):
    digest_outbox.route()
    NotificationRoute.objects.update(paused=True)
    ran = run_command(*WEEKLY)
    assert (ran.code, "paused" in ran.out, server.taken) == (0, True, [])


def test_queries_do_not_grow_with_projects(ann):
    run_command(*WEEKLY, "--dry-run")
    create_membership(project=eventful(), user=ann)
    with CaptureQueriesContext(connection) as few:
        run_command(*WEEKLY, "--dry-run")
    for _ in range(8):
        create_membership(project=eventful(monthly_budget_usd=5), user=ann)
    with CaptureQueriesContext(connection) as many:
        run_command(*WEEKLY, "--dry-run")
    assert Project.objects.count() == 10
    assert len(many) <= len(few) + 1  # the budgets' one
