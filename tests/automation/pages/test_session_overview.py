"""The overview of a session: in every state it says first why it failed, waits or stands still."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.pages.session_failure import failure_of
from automation.pages.session_overview import callout, shas
from issues.models import IssueSession
from tests.factories import (
    create_attempt,
    create_membership,
    create_project,
    create_result,
    create_session,
    create_user,
)

pytestmark = pytest.mark.django_db
OUTPUT = "".join(f"line {n}\n" for n in range(1, 101))


def failed_session(**values):
    """Its last attempt was checked: lint passed, test and build did not."""
    session = create_session(
        **{
            "status": "failed",
            "attempts": 3,
            "step": "verify",
            "reason": "checks_failed",
            "last_error": "test failed",
        }
        | values
    )
    attempt = create_attempt(session, number=3, counted=True, outcome="done", ended_at=timezone.now())
    IssueSession.objects.filter(pk=session.pk).update(session=attempt)
    session.refresh_from_db()
    create_result(session, attempt=attempt, name="lint", check_type="lint", command="make lint")
    create_result(session, attempt=attempt, command="make test", passed=False, exit_status=2, output=OUTPUT)
    create_result(session, attempt=attempt, name="build", check_type="build", passed=False, exit_status=1)
    return session


def page(client, session):
    user = create_user(is_staff=True)
    create_membership(project=session.project, user=user, role="operator")
    client.force_login(user)
    answer = client.get(reverse("admin:session", args=[session.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_failed_session_shows_check_command_status_and_the_last_thirty_lines_first(client):
    text = page(client, failed_session())
    assert "Why attempt 3 failed" in text
    assert "$ make test" in text
    assert "exit status 2" in text
    assert "line 71\nline 72" in text
    assert "line 100" in text
    assert "line 70\n" not in text
    assert "Also failed: build." in text
    assert text.index("line 100") < text.index("The issue</h2>")
    assert text.index("A retry opens a new round") < text.index("line 71")
    assert 'tabindex="0" role="region" aria-label="The last lines of the output"' in text


def test_what_the_next_attempt_is_told_stands_above_the_output(client):
    text = page(client, failed_session(status="needs_review", attempts=1, reason="stopped"))
    assert text.index("The attempt after it is told what failed") < text.index("line 71")
    assert text.index("What the next attempt will be told") < text.index("line 71")


def test_the_next_attempt_is_quoted_as_it_will_be_told():
    failure = failure_of(failed_session(status="in_progress", attempts=1))
    assert failure.told_title == "What the next attempt will be told"
    assert "## Attempt 2 of 3" in failure.told
    assert "### Failed check: test" in failure.told
    assert "line 100" in failure.told


def test_a_check_that_fails_on_the_base_as_well_says_so_to_people_and_to_the_next_attempt(client):
    session = failed_session(status="in_progress", attempts=1)
    told = "it fails on the base commit, without any change"
    assert "It fails on the base commit" not in page(client, session)
    assert told not in failure_of(session).told
    session.verification_results.filter(name="test").update(baseline="failed")
    client.logout()
    assert "It fails on the base commit, too" in page(client, session)
    assert told in failure_of(session).told


def test_an_attempt_that_is_at_work_already_was_told():
    session = failed_session(status="in_progress", attempts=1)
    session.session = create_attempt(session, number=4)
    assert failure_of(session).told_title == "What attempt 4 was told"


def test_only_the_newest_result_of_a_check_counts():
    session = failed_session()
    create_result(session, attempt=session.session, name="test", check_type="test", passed=True)
    assert failure_of(session).check.name == "build"
    create_result(session, attempt=session.session, name="build", check_type="build", passed=True)
    assert failure_of(session) is None


@pytest.mark.parametrize("is_counted", [True, False])
def test_no_attempt_is_said_to_have_failed_once_a_later_one_has_passed(client, is_counted):
    session = failed_session(status="needs_review", attempts=1, step="publish", reason="stopped")
    passed = create_attempt(session, number=4, counted=is_counted, outcome="done", ended_at=timezone.now())
    create_result(session, attempt=passed, command="make test")
    text = page(client, session)
    assert "A person stopped it." in text
    assert "Why attempt" not in text
    assert "was told" not in text
    assert "will be told" not in text


def test_a_later_attempt_that_ended_before_its_checks_is_the_one_that_failed(client):
    session = failed_session(reason="timeout")
    create_attempt(session, number=4, counted=True, outcome="timeout", ended_at=timezone.now())
    text = page(client, session)
    assert "Why attempt 4 failed" in text
    assert "It ended before any check failed: <strong>timeout</strong>" in text


def test_an_attempt_that_failed_before_any_check_says_how_it_ended(client):
    session = create_session(status="failed", attempts=3, reason="timeout")
    create_attempt(session, number=3, counted=True, outcome="timeout", message="No end after 60 min.")
    text = page(client, session)
    assert "It ended before any check failed: <strong>timeout</strong>" in text
    assert "No end after 60 min." in text
    assert "ran out of time" in text


def test_the_environments_fault_comes_with_its_remedy(client):
    later = timezone.now() + timedelta(minutes=10)
    session = create_session(
        status="verifying", queued_at=timezone.now(), not_before=later, reason="missing_tool"
    )
    create_result(
        session,
        attempt=create_attempt(session, number=1),
        passed=False,
        fault="missing_tool",
        exit_status=127,
    )
    text = page(client, session)
    assert "The environment&#x27;s fault" in text or "The environment's fault" in text
    assert "Install it on" in text


def test_an_earlier_rounds_failure_is_not_shown():
    session = failed_session()
    session.round, session.status, session.attempts = 2, "in_progress", 0
    assert failure_of(session) is None


def test_one_whose_pull_request_was_closed_did_not_fail_its_checks(client):
    text = page(client, failed_session(reason="pr_closed", pr_number=8))
    assert "Pull request #8 was closed without a merge." in text
    assert "Why attempt" not in text


def test_a_parked_one_says_why_until_when_and_what_helps(client):
    later = timezone.now() + timedelta(hours=3)
    session = create_session(
        status="in_progress",
        queued_at=timezone.now(),
        not_before=later,
        reason="usage_limit",
        last_error="Limit: 5 h.",
    )
    text = page(client, session)
    assert f"parked until {timezone.localtime(later):%H:%M}" in text or "parked until 20" in text
    assert "Limit: 5 h." in text
    assert "Raise its limit" in text
    exact = f'datetime="{later.isoformat(timespec="seconds")}" title="{later:%Y-%m-%d %H:%M:%S} UTC"'
    assert f"<time {exact}>Waiting until {later:%H:%M} UTC</time>" in text


def test_a_wait_that_a_clock_wrote_which_was_ahead_is_shown_nowhere(client):
    ahead = timezone.now() + timedelta(days=1)
    session = create_session(
        status="verifying",
        queued_at=timezone.now(),
        not_before=ahead,
        changed_at=ahead,
        reason="missing_tool",
    )
    text = page(client, session)
    assert "parked until" not in text
    assert "Waiting until" not in text


def test_a_held_one_shows_the_question_with_its_buttons(client):
    session = create_session(
        status="needs_review", step="work", reason="agent_asked", last_error="Which of the two?"
    )
    text = page(client, session)
    assert "The agent has a question." in text
    assert "Which of the two?" in text
    assert 'aria-label="Decide: Start issue' in text


def test_a_queued_one_says_why_it_does_not_start(client):
    project = create_project(last_tended_at=timezone.now())
    session = create_session(project=project, queued_at=timezone.now(), queued_by="autowrkers")
    assert "automation, which is stopped" in page(client, session)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"status": "skipped", "reason": "skip_label"}, "It has a label that the project skips."),
        ({"status": "skipped", "reason": "new"}, "It is left alone."),
        ({"status": "completed", "pr_number": 3, "merged_by": "ann"}, "Pull request #3 was merged by ann."),
        ({"status": "pr_created", "pr_number": 3}, "It waits for pull request #3"),
        (
            {"status": "pr_created", "pr_number": 3, "pr_review": "changes_requested"},
            "A reviewer asks for changes.",
        ),
        ({"status": "pr_created", "pr_number": 3, "pr_checks": "failure"}, "Checks fail on GitHub."),
        ({"status": "needs_review", "reason": "never heard of"}, "It waits for a decision."),
        ({"status": "pending"}, "Nobody has started it"),
    ],
)
def test_every_other_state_has_its_sentence(values, sentence):
    assert callout(create_session(**values)).title.startswith(sentence)


def test_commits_are_linked_only_when_github_has_them():
    session = create_session(base_sha="b" * 40, head_sha="c" * 40)
    assert [(sha.name, bool(sha.url)) for sha in shas(session, session.project)] == [
        ("Base", True),
        ("Head", False),
    ]
    session.pushed_sha = session.head_sha
    assert all(sha.url for sha in shas(session, session.project))


def test_the_issue_is_shown_as_safe_markdown_with_its_facts(client):
    session = create_session(
        github_issue_body="**bold** <img src=x onerror=alert(1)> ![a](https://evil.example/x.png)",
        github_issue_labels=["bug"], complexity_level="high", complexity_reasons=["3 files named (+6.0)"],
    )  # fmt: skip
    text = page(client, session)
    assert "<strong>bold</strong>" in text
    assert "<img" not in text
    assert "3 files named (+6.0)" in text
