"""Attempts, verification and timeline of a session: comparable, in order, paged, with what is long folded."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import Attempt, SessionEvent
from tests.factories import create_attempt, create_membership, create_result, create_session, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def page(client):
    """Gives `page(session, tab, **parameters)`: the text that an operator sees."""
    users = {}

    def get(session, tab, **parameters):
        if session.project_id not in users:
            users[session.project_id] = create_user(is_staff=True)
            create_membership(project=session.project, user=users[session.project_id], role="operator")
            client.force_login(users[session.project_id])
        answer = client.get(reverse("admin:session", args=[session.pk]), {"tab": tab} | parameters)
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_attempts_show_what_can_be_compared(page):
    session = create_session(status="failed")
    attempt = create_attempt(
        session, number=2, kind="retry", counted=True, agent="claude_code", agent_version="2.1.197", outcome="timeout",
        message="No end after 60 min.", summary="I tried.", turns=27, input_tokens=281_400, output_tokens=6_780,
        cost_usd=Decimal("1.76"),
    )  # fmt: skip
    Attempt.objects.update(ended_at=attempt.started_at + timedelta(minutes=14))
    create_result(session, attempt=attempt, name="lint", passed=False)
    create_result(session, attempt=attempt, name="lint", passed=True)
    create_result(session, attempt=attempt, name="test", passed=False)
    create_result(session, attempt=attempt, name="smoke", passed=None)
    text = page(session, "attempts")
    for words in (
        "2.1.197",
        "timeout",
        "No end after 60 min.",
        "I tried.",
        "27",
        "281,400 / 6,780",
        "$ 1.76",
        "14 min",
    ):
        assert words in text
    assert "1 failed" in text
    assert "1 passed" in text
    assert "1 not checked" in text
    assert "?tab=log&amp;attempt=2" in text
    assert "?tab=attempts&amp;prompt=2" in text


@pytest.mark.parametrize("tab", ["attempts", "verification", "log", "diff"])
def test_an_issue_that_nobody_has_started_is_started_from_each_empty_tab(page, tab):
    offer = 'aria-label="First attempt: Start issue 7"'
    session = create_session(github_issue_number=7)
    assert offer in page(session, tab)
    session.queued_at, session.queued_by = timezone.now(), "ann"
    session.save()
    text = page(session, tab)
    assert offer not in text
    assert '<a class="btn" href="?tab=overview">How it stands</a>' in text


def test_the_prompt_is_shown_masked_and_escaped(page):
    session = create_session()
    create_attempt(session, number=1, prompt="<b>Fix</b> it with ghp_" + "a1" * 18)
    text = page(session, "attempts", prompt="1")
    assert "&lt;b&gt;Fix&lt;/b&gt; it with [redacted]" in text


def test_two_hundred_attempts_are_paged(page):
    session = create_session()
    for number in range(1, 201):
        create_attempt(session, number=number, ended_at=timezone.now())
    first = page(session, "attempts")
    assert "Prompt of attempt 200" in first
    assert "Prompt of attempt 150" not in first
    assert "before=151" in first
    last = page(session, "attempts", before="51")
    assert "Prompt of attempt 50" in last
    assert "Earlier attempts" not in last


def test_results_come_by_attempt_newest_first_with_the_failed_output_open(page):
    session = create_session()
    for number in (1, 2):
        attempt = create_attempt(session, number=number)
        create_result(
            session, attempt=attempt, name="lint", output="all fine", exit_status=0, duration_ms=1900
        )
        create_result(
            session, attempt=attempt, passed=False, output="E assert", exit_status=1, command="make test"
        )
    text = page(session, "verification")
    assert text.index("Attempt 2") < text.index("Attempt 1")
    assert text.count("<details open>") == 2
    assert text.count("<details>") == 2
    assert "exit status 1" in text
    assert "1.9 s" in text
    assert "$ make test" in text


def test_what_was_not_checked_says_why_and_a_fault_says_what_helps(page):
    session = create_session()
    create_result(session, passed=None, output="Not checked: no command is configured.")
    create_result(session, passed=False, fault="sandbox")
    text = page(session, "verification")
    assert "Why it was not checked" in text
    assert "no command is configured" in text
    assert "Install bubblewrap" in text
    assert "Without an attempt" in text


def test_a_long_output_shows_its_end_and_leads_to_the_whole(page):
    session = create_session()
    result = create_result(session, output="begin\n" + "x" * 199_000 + "\nend of it", passed=False)
    text = page(session, "verification")
    assert len(text) < 60_000
    assert "end of it" in text
    assert "begin" not in text
    assert reverse("admin:verification_verificationresult_change", args=[result.pk]) in text


def test_many_results_are_paged(page):
    session = create_session()
    for number in range(45):
        create_result(session, name=f"check-{number:02}")
    first = page(session, "verification")
    assert "check-44" in first
    assert "check-04" not in first
    before = first.split("before=")[1].split('"')[0]
    assert "check-04" in page(session, "verification", before=before)


def test_the_timeline_tells_who_did_what_when_and_why_with_effects_between(page):
    session = create_session()
    SessionEvent.objects.create(
        issue_session=session, actor="ann", verb="moved", old_status="pending", new_status="in_progress",
        step="work", reason="started_by_person", message="Because.", evidence={"base_sha": "abc"},
    )  # fmt: skip
    session.effects.create(round=1, kind="push", outcome={"sha": "def"}, done_at=timezone.now())
    SessionEvent.objects.create(issue_session=session, actor="bob", verb="refused", reason="retry")
    text = page(session, "timeline")
    for words in (
        "ann",
        "Pending",
        "In progress",
        "started by a person, at the step “work”",
        "Because.",
        "base_sha",
        "Push: done",
        "Refused",
    ):
        assert words in text
    assert text.index("bob") < text.index("Push: done") < text.index("ann")


def test_an_attempt_that_failed_is_told_as_what_was_known_then(page):
    session = create_session(status="pr_created", attempts=1)
    facts = {"issue_session": session, "verb": "moved", "old_status": "verifying", "reason": "checks_failed"}
    evidence = {"attempts": 1}
    SessionEvent.objects.create(**facts, new_status="in_progress", evidence=evidence, step="prepare")
    text = page(session, "timeline")
    assert "the checks failed; it tries again, at the step" in text
    SessionEvent.objects.update(new_status="failed", evidence={"attempts": 3})
    text = page(session, "timeline")
    assert "the checks failed, at the step" in text
    assert "tries again" not in text


def test_attempts_say_what_counted_means_and_that_checks_failed(page):
    session = create_session(status="in_progress", attempts=1)
    attempt = create_attempt(session, number=1, counted=True, agent="claude_code", outcome="done")
    create_attempt(session, number=2, agent="command", outcome="turn_limit")
    create_result(session, attempt=attempt, passed=False)
    text = page(session, "attempts")
    assert "A counted attempt is one of the 3 failed tries" in text
    assert "done, checks failed" in text
    assert "turn limit" in text
    assert "Claude Code" in text


def test_an_effect_that_may_not_have_happened_says_so(page):
    session = create_session()
    session.effects.create(round=1, kind="comment_failed")
    assert "planned, not known to have happened" in page(session, "timeline")


def test_five_thousand_events_are_paged_and_no_effect_is_lost_or_doubled(page):
    session = create_session()
    begin = timezone.now() - timedelta(days=10)
    events = [SessionEvent(issue_session=session, actor=f"actor-{n:04}", verb="noted") for n in range(5000)]
    SessionEvent.objects.bulk_create(events)
    for event in events:
        event.created_at = begin + timedelta(minutes=int(event.actor[-4:]))
    SessionEvent.objects.bulk_update(events, ["created_at"], batch_size=400)
    for ordinal, minute in enumerate((4999.5, 4900.5, 4899.5, 4800.5)):
        moment = begin + timedelta(minutes=minute)
        session.effects.create(round=1, kind="push", ordinal=ordinal, outcome={}, done_at=moment)
    first = page(session, "timeline")
    assert "actor-4999" in first
    assert "actor-4899" not in first
    before = first.split("before=")[1].split('"')[0]
    second = page(session, "timeline", before=before)
    assert "actor-4899" in second
    assert [part.count("<strong>Push: done") for part in (first, second)] == [2, 2]
