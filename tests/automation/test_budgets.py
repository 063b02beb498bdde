"""A project's monthly budget: what counts, what is unknown, what is held and what goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from automation import budgets
from automation.control import status_of
from automation.dispatch import dispatch
from issues.models import Attempt, IssueSession
from issues.states import Step
from projects import leases
from projects.models import Project
from tests.factories import create_attempt, create_project, create_session

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.broker]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def project(budget=None, **values):
    return create_project(monthly_budget_usd=budget and Decimal(budget), automation_enabled=True, **values)


def spend(owner, *costs, at=NOW, ended=True):
    session = create_session(project=owner, status="failed")
    for cost in costs:
        attempt = create_attempt(session, cost_usd=cost and Decimal(cost), ended_at=at if ended else None)
        Attempt.objects.filter(pk=attempt.pk).update(started_at=at)


def month(owner):
    return budgets.spending([owner], NOW)[owner.pk]


def test_the_costs_of_one_project_in_this_calendar_month_are_added():
    mine, other = project("10"), project("10")
    spend(mine, "1.50", "2.25")
    spend(mine, "4", at=datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC))
    spend(mine, "0.25", at=datetime(2026, 11, 1, tzinfo=UTC))
    spend(other, "7")
    assert (month(mine).spent, month(mine).left, month(mine).percent) == (Decimal("4"), Decimal("6"), 40)


def test_a_price_that_nobody_told_is_unknown_and_not_nothing():
    mine = project("10")
    assert (month(mine).spent, month(mine).unpriced) == (None, 0)
    spend(mine, None)
    spend(mine, None, ended=False)
    assert (month(mine).spent, month(mine).unpriced) == (None, 1)
    spend(mine, "1")
    assert (month(mine).spent, month(mine).unpriced) == (Decimal("1"), 1)


@pytest.mark.parametrize(("spent", "is_used_up"), [("9.9999", False), ("10.00", True), ("12", True)])
def test_a_budget_is_used_up_when_the_costs_reach_it(spent, is_used_up):
    mine = project("10")
    spend(mine, spent)
    assert month(mine).is_used_up == budgets.is_used_up(mine, NOW) == is_used_up


def test_without_a_budget_nothing_is_used_up_and_nothing_is_asked(django_assert_num_queries):
    mine = project()
    spend(mine, "1000")
    with django_assert_num_queries(0):
        assert not budgets.is_used_up(mine, NOW)
        assert budgets.blocked_reason(mine, NOW) is None


def test_what_blocks_names_the_figures_the_remedy_and_the_day():
    mine = project("10")
    spend(mine, "12.5")
    assert status_of(mine, NOW).blocked_reason == (
        "The monthly budget of $ 10.00 is used up: $ 12.50 spent. Raise it in Settings, or wait until 1 December."
    )
    assert status_of(mine, NOW + timedelta(days=9)).blocked_reason is None


def test_the_month_after_december_is_january():
    assert budgets.next_month(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)


def test_all_projects_take_one_query(django_assert_num_queries):
    rows = [project("10") for _ in range(3)]
    for row in rows:
        spend(row, "1")
    with django_assert_num_queries(1):
        assert {found.spent for found in budgets.spending(rows, NOW).values()} == {Decimal("1")}


def test_beyond_the_budget_nothing_starts_whoever_queued_it_but_finished_work_is_published(settings):
    settings.AUTOWRKERS_AGENT_SLOTS = 5
    mine, other = project("10", max_concurrent=5), project("10", max_concurrent=5)
    now = timezone.now()
    spend(mine, "10", at=now)
    queued = {"queued_at": now, "queued_by": "autowrkers"}
    create_session(project=mine, **queued)
    create_session(project=mine, **queued | {"queued_by": "ann"})
    create_session(project=mine, status="in_progress", step=Step.WORK, **queued)
    ready = create_session(project=mine, status="verifying", step=Step.PUBLISH, **queued)
    theirs = create_session(project=other, **queued)
    assert dispatch(mine, now) == [ready.pk]
    assert dispatch(other, now) == [theirs.pk]
    Project.objects.filter(pk=mine.pk).update(monthly_budget_usd=11)
    assert len(dispatch(Project.objects.get(pk=mine.pk), now)) == 3


def test_what_runs_already_is_left_alone(settings):
    settings.AUTOWRKERS_AGENT_SLOTS = 5
    mine = project("10")
    running = create_session(project=mine, status="in_progress", queued_at=timezone.now())
    leases.claim(IssueSession, running.pk)
    spend(mine, "10", at=timezone.now())
    assert dispatch(mine, timezone.now()) == []
    assert IssueSession.objects.get(pk=running.pk).requested_verb == ""
