"""A month's budget in the whole loop: it holds what a person queued, and raising it lets the work start."""

from __future__ import annotations

from decimal import Decimal

import pytest

from automation.control import status_of
from issues import verbs
from issues.models import Attempt
from tests.factories import create_attempt, create_session
from tests.flows.conftest import FIX

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_used_up_budget_holds_a_queued_session_until_it_is_raised(plain):
    plain.change(auto_start=False, monthly_budget_usd=Decimal("3.00"))
    create_attempt(create_session(project=plain.project, status="skipped"), cost_usd=Decimal("3.00"))
    number = plain.issue()
    plain.run()
    verbs.start(plain.session(number), actor="ann")
    plain.run(rounds=2)
    held = plain.session(number)
    assert (held.status, held.queued_by, held.attempt_rows.count()) == ("pending", "ann", 0)
    assert "The monthly budget of $ 3.00 is used up" in status_of(plain.project).blocked_reason
    plain.change(monthly_budget_usd=Decimal("4.00"))
    assert status_of(plain.project).blocked_reason is None
    plain.run()
    assert plain.session(number).status == "pr_created"


def test_the_next_month_lets_it_start_by_itself(plain):
    plain.change(monthly_budget_usd=Decimal("3.00"))
    spent = create_attempt(create_session(project=plain.project, status="skipped"), cost_usd=Decimal("3.00"))
    number = plain.issue()
    plain.run()
    assert plain.session(number).status == "pending"
    Attempt.objects.filter(pk=spent.pk).update(started_at="2026-01-15T00:00:00Z")
    plain.run()
    assert plain.session(number).status == "pr_created"


def test_a_running_session_begins_no_attempt_beyond_the_budget_and_goes_on_when_it_is_raised(plain):
    plain.change(monthly_budget_usd=Decimal("3.00"))
    costly = {"subtype": "error_max_turns", "message": "no more turns", "total_cost_usd": 3.0}
    plain.agent({"steps": [{"fail": costly}]})
    number = plain.issue()
    plain.run(rounds=3)
    held = plain.session(number)
    assert [row.cost_usd for row in held.attempt_rows.all()] == [Decimal(3)]
    assert (held.status, held.reason, held.attempts) == ("in_progress", "monthly_budget", 1)
    assert plain.reasons(number).count("monthly_budget") == 1
    assert "The monthly budget of $ 3.00 is used up" in held.last_error
    plain.agent({"steps": FIX})
    plain.change(monthly_budget_usd=Decimal("9.00"))
    plain.run()
    assert plain.session(number).status == "pr_created"
