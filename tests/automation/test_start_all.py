"""Start all and Stop with many pending issues: a few queries, and nothing that changed meanwhile is touched."""

from __future__ import annotations

import pytest
from django.db.models import F
from django.utils import timezone

from automation import control
from issues.models import IssueSession, SessionEvent
from projects import leases
from tests.factories import create_project, create_session
from tests.meanwhile import between_reading_and_changing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
CHANGED = {"Somebody else changed it in the same moment.": 1}


@pytest.fixture
def project(monkeypatch):
    monkeypatch.setattr(control, "CHANGED_AT_ONCE", 3)
    project = create_project()
    for number in range(1, 8):
        create_session(project=project, github_issue_number=number)
    return project


def numbered(number):
    return IssueSession.objects.filter(github_issue_number=number)


def queued(project):
    rows = project.sessions.filter(queued_at__isnull=False)
    return list(rows.order_by("github_issue_number").values_list("github_issue_number", flat=True))


def test_every_queued_issue_has_its_event_and_fences_late_workers_off(project):
    numbered(2).update(last_error="It broke.", not_before="2099-01-01T00:00:00Z")
    before = dict(IssueSession.objects.values_list("pk", "changed_at"))
    assert control.start_all(project, actor="ann") == control.StartedAll(7, {})
    assert queued(project) == [1, 2, 3, 4, 5, 6, 7]
    for session in IssueSession.objects.all():
        assert (session.status, session.reason, session.queued_by) == ("pending", "started_by_person", "ann")
        assert (session.last_error, session.not_before, session.fence) == ("", None, 1)
        assert session.changed_at > before[session.pk]
        event = SessionEvent.objects.get(issue_session=session)
        assert (event.verb, event.actor, event.reason) == ("queued", "ann", "started_by_person")
        assert (event.old_status, event.new_status, event.step) == ("pending", "pending", session.step)


def test_the_oldest_issue_starts_first_whenever_it_was_listed(project):
    for number in (15, 14, 13):
        create_session(project=project, github_issue_number=number)
    control.start_all(project, actor="ann")
    due = IssueSession.objects.due(timezone.now()).values_list("github_issue_number", flat=True)
    assert list(due) == [1, 2, 3, 4, 5, 6, 7, 13, 14, 15]


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(status="skipped"),
        lambda row: row.update(round=F("round") + 1),
        lambda row: row.update(queued_at="2026-11-01T00:00:00Z", queued_by="bob"),
        lambda row: leases.claim(IssueSession, row.get().pk),
        lambda row: row.delete(),
    ],
    ids=["moved", "new round", "queued by another", "taken by a worker", "deleted"],
)
def test_what_changed_meanwhile_is_not_queued(project, change):
    with between_reading_and_changing(lambda: change(numbered(2))):
        answer = control.start_all(project, actor="ann")
    assert answer == control.StartedAll(6, CHANGED)
    assert list(
        IssueSession.objects.filter(queued_by="ann").values_list("github_issue_number", flat=True)
    ) == [
        7,
        6,
        5,
        4,
        3,
        1,
    ]
    assert SessionEvent.objects.filter(verb="queued").count() == 6


def test_stop_takes_out_of_the_queue_all_but_what_a_worker_has_just_taken(project):
    control.start_all(project, actor="ann")
    with between_reading_and_changing(lambda: leases.claim(IssueSession, numbered(2).get().pk)):
        stopped = control.stop(project, actor="bob", stop_running=True)
    assert (stopped.asked, stopped.dequeued) == (1, 6)
    assert queued(project) == [2]
    events = SessionEvent.objects.filter(verb="dequeued")
    assert (events.count(), set(events.values_list("actor", "reason"))) == (6, {("bob", "paused")})


def test_an_event_that_cannot_be_written_queues_nothing(project, monkeypatch):
    def full(*args):
        raise OSError("The disk is full.")

    monkeypatch.setattr(SessionEvent.objects, "bulk_create", full)
    with pytest.raises(OSError, match="disk is full"):
        control.start_all(project, actor="ann")
    assert queued(project) == []


def test_500_pending_issues_cost_a_few_queries(django_assert_max_num_queries):
    project = create_project()
    rows = [IssueSession(project=project, github_issue_number=number) for number in range(500)]
    IssueSession.objects.bulk_create(rows)
    with django_assert_max_num_queries(20):
        assert control.start_all(project, actor="ann").queued == 500
    with django_assert_max_num_queries(40):
        assert control.stop(project, actor="ann", stop_running=True).dequeued == 500
