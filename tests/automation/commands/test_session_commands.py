"""start_session, retry_session, skip_session, stop_session: the verbs on the command line."""

from __future__ import annotations

import pytest
from django.utils import timezone

from automation.console import label
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from tests.automation.commands.calling import run_command
from tests.factories import create_project, create_session

pytestmark = pytest.mark.django_db


def fresh(session):
    return IssueSession.objects.get(pk=session.pk)


@pytest.mark.parametrize("issue", ["7", "#7"])
def test_start_queues_the_session_of_an_issue(issue):
    session = create_session(github_issue_number=7)
    ran = run_command("start_session", session.project.github_repo, issue, "--json")
    assert (ran.code, ran.data["result"]) == (0, "done")
    assert ran.data["session"]["id"] == session.pk
    assert fresh(session).queued_by.startswith("command line")


def test_starting_twice_changes_nothing_and_is_no_failure():
    session = create_session()
    arguments = ("start_session", session.project.pk, session.github_issue_number)
    run_command(*arguments)
    first = fresh(session).queued_at
    ran = run_command(*arguments)
    assert (ran.code, "was queued already" in ran.out) == (0, True)
    assert fresh(session).queued_at == first


def test_an_issue_that_was_never_synced_says_so_and_names_the_command():
    project = create_project()
    ran = run_command("start_session", project.name, "404")
    assert ran.code == 1
    assert f"sync_issues {project.pk}" in ran.err


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("retried_by_person", "pending (retried by a person)"),
        ("agent_asked", "pending (the agent has a question)"),
        ("github.rate_limited", "pending (GitHub's limit for its token"),
        ("no_such_reason", "pending (no such reason)"),
    ],
)
def test_a_session_is_told_with_its_reason_in_words(reason, words):
    assert words in label(create_session(reason=reason))


def test_something_that_is_no_issue_number_is_a_usage_error():
    project = create_project()
    ran = run_command("start_session", project.name, "seven")
    assert ran.err
    assert not IssueSession.objects.exists()


def test_retry_opens_a_new_round():
    session = create_session(status=Status.FAILED, attempts=3)
    ran = run_command("retry_session", session.pk)
    assert (ran.code, "done." in ran.out) == (0, True)
    assert (fresh(session).status, fresh(session).round) == (Status.PENDING, 2)


def test_skip_of_a_free_session_is_done_at_once():
    session = create_session()
    assert run_command("skip_session", session.pk, "--json").data["result"] == "done"
    assert fresh(session).status == Status.SKIPPED


@pytest.mark.parametrize("verb", ["skip", "stop"])
def test_on_a_session_that_a_worker_has_the_wish_is_recorded(verb):
    session = create_session(status=Status.IN_PROGRESS, queued_at=timezone.now())
    assert leases.claim(IssueSession, session.pk)
    ran = run_command(f"{verb}_session", session.pk, "--json")
    assert (ran.code, ran.data["result"]) == (0, "recorded")
    assert (fresh(session).status, fresh(session).requested_verb) == (Status.IN_PROGRESS, verb)


def test_stop_of_a_stopped_session_fails_with_what_is_possible_instead():
    session = create_session(status=Status.IN_PROGRESS)
    assert run_command("stop_session", session.pk).code == 0
    ran = run_command("stop_session", session.pk)
    assert ran.code == 1
    assert "cannot be asked to stop" in ran.err
    assert "Possible now: start, retry, skip." in ran.err
