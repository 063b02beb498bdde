"""A delivery wakes a re-read: what GitHub answers then decides, whatever the payload said and in whatever order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from automation.demo.github import Fault
from automation.models import WebhookDelivery
from automation.tend import tend
from automation.tick import tick
from automation.webhooks import inbox
from issues.models import IssueSession
from projects.connection import connect
from projects.models import Credential, Project
from tests.automation.webhooks.signing import SECRET, deliver, payload_of
from tests.factories import create_session
from tests.linking import link

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
BRANCH = "feature/issue-1"


@pytest.fixture
def project(hub, settings, token):
    """Synced a moment ago, so that time alone starts no sync."""
    project = link(hub, settings, token, automation_enabled=True)
    hook = Credential.objects.for_secret(
        kind=Credential.Kind.WEBHOOK, api_url=settings.GITHUB_API_URL, secret=SECRET
    )
    Project.objects.filter(pk=project.pk).update(webhook_credential=hook)
    tend(project.pk)
    project.refresh_from_db()
    hub.requests.clear()
    return project


@pytest.fixture
def session(hub, project):
    """Issue 1 with our open pull request 2, looked at just now."""
    hub.create_issue("acme/calc", "No news")
    bare = hub.repository("acme/calc").bare
    sha = bare.git("commit-tree", "main^{tree}", "-p", "main", stdin=b"News").strip()
    bare.git("branch", BRANCH, sha)
    pr = connect(project).create_pr("acme/calc", BRANCH, "main", "Add news", "Fixes #1")
    return create_session(
        project=project,
        github_issue_number=1,
        status="pr_created",
        step="follow",
        branch_name=BRANCH,
        head_sha=sha,
        pushed_sha=sha,
        pr_number=pr.number,
        pr_state="open",
        followed_at=timezone.now(),
    )


def states():
    return list(WebhookDelivery.objects.order_by("pk").values_list("state", flat=True))


def rest():
    """Let the few seconds after the last round pass."""
    past = timezone.now() - inbox.APART
    WebhookDelivery.objects.exclude(processed_at=None).update(processed_at=past)


def asked(hub, path):
    return sum(exchange.path == f"/repos/acme/calc{path}" for exchange in hub.requests)


def test_a_new_issue_is_there_without_waiting_for_the_next_sync(hub, project):
    number = hub.create_issue("acme/calc", "It rains")
    tend(project.pk)
    assert not project.sessions.exists()
    deliver("issues", payload_of(project, action="opened", issue={"number": number}))
    tend(project.pk)
    assert project.sessions.get().github_issue_title == "It rains"
    assert states() == ["done"]


def test_a_merge_ends_its_session_at_once(hub, project, session):
    hub.merge("acme/calc", session.pr_number)
    tend(project.pk)
    session.refresh_from_db()
    assert session.status == "pr_created"
    deliver("pull_request", payload_of(project, action="closed", pull_request={"number": session.pr_number}))
    tend(project.pk)
    session.refresh_from_db()
    assert (session.status, states()) == ("completed", ["done"])


def test_every_event_about_our_pull_request_has_it_followed(hub, project, session):
    sha = session.head_sha
    about = {
        "check_run": {"check_run": {"head_sha": sha, "pull_requests": []}},
        "check_suite": {"check_suite": {"head_branch": BRANCH, "head_sha": "0" * 40}},
        "status": {"sha": sha, "branches": [{"name": "main"}]},
        "push": {"ref": f"refs/heads/{BRANCH}", "after": "0" * 40},
        "issue_comment": {"issue": {"number": session.pr_number, "pull_request": {}}},
        "pull_request_review": {"pull_request": {"number": session.pr_number}},
    }
    for number, (event, facts) in enumerate(about.items()):
        state = "success" if number % 2 else "failure"
        hub.set_status("acme/calc", sha, state)
        rest()
        deliver(event, payload_of(project, **facts))
        tend(project.pk)
        session.refresh_from_db()
        assert (event, session.pr_checks, set(states())) == (event, state, {"done"})


def test_what_a_payload_claims_is_not_believed(hub, project, session):
    claimed = {
        "number": session.pr_number,
        "state": "closed",
        "merged": True,
        "merged_at": "2020-01-01T00:00:00Z",
    }
    deliver("pull_request", payload_of(project, action="closed", pull_request=claimed))
    tend(project.pk)
    session.refresh_from_db()
    assert (session.status, session.pr_state) == ("pr_created", "open")


def test_reordered_late_and_repeated_deliveries_end_in_githubs_state_with_one_round(hub, project, session):
    hub.merge("acme/calc", session.pr_number)
    pull = {"number": session.pr_number}
    for action, guid in [("closed", "2"), ("opened", "1"), ("reopened", "0"), *[("opened", "1")] * 20]:
        deliver("pull_request", payload_of(project, action=action, pull_request=pull), guid=guid)
    hub.requests.clear()
    tend(project.pk)
    session.refresh_from_db()
    assert (session.status, states()) == ("completed", ["done"] * 3)
    assert asked(hub, f"/pulls/{session.pr_number}") == 1
    moved = session.events.filter(new_status="completed").count()
    rest()
    deliver("pull_request", payload_of(project, action="opened", pull_request=pull), guid="1")
    tend(project.pk)
    assert session.events.filter(new_status="completed").count() == moved == 1


def test_a_flood_of_deliveries_costs_one_round_now_and_one_with_a_later_tick(hub, project):
    for _ in range(5):
        deliver("issues", payload_of(project, action="edited"))
    tend(project.pk)
    for _ in range(5):
        deliver("issues", payload_of(project, action="edited"))
        tend(project.pk)
    assert asked(hub, "/issues") == 1
    assert states() == ["done"] * 5 + ["received"] * 5
    rest()
    tend(project.pk)
    assert (asked(hub, "/issues"), set(states())) == (2, {"done"})


def test_a_lost_message_costs_only_time_since_the_tick_takes_the_delivery_up(hub, project, monkeypatch):
    monkeypatch.setattr("automation.queue.async_task", lambda *args, **kwargs: None)
    hub.create_issue("acme/calc", "It rains")
    deliver("issues", payload_of(project, action="opened"))
    sent = []
    monkeypatch.setattr("automation.queue.async_task", lambda task, *args, **kwargs: sent.append(args))
    assert tick() == 1
    for args in sent:
        tend(*args)
    assert (project.sessions.count(), states()) == (1, ["done"])


def test_a_delivery_waits_while_github_is_down_and_works_afterwards(hub, project):
    hub.create_issue("acme/calc", "It rains")
    deliver("issues", payload_of(project, action="opened"))
    hub.faults.append(Fault("answer", path="/repos/acme/calc$", times=2, status=502))
    tend(project.pk)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == ("received", 0)
    assert "502" in row.reason
    tend(project.pk)
    assert (project.sessions.count(), states()) == (1, ["done"])


def test_a_delivery_waits_however_often_the_token_is_refused(hub, project, token):
    hub.create_issue("acme/calc", "It rains")
    deliver("issues", payload_of(project, action="opened"))
    hub.revoke(token)
    for _ in range(inbox.MOST_ATTEMPTS + 1):
        tend(project.pk)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts) == ("received", 0)
    assert "401" in row.reason
    hub._gate.tokens[token] = "autowrkers-bot"
    tend(project.pk)
    assert (project.sessions.count(), states()) == (1, ["done"])


def test_after_a_refusal_the_project_rests_and_a_delivery_wakes_it_not(hub, project, token, monkeypatch):
    hub.revoke(token)
    Project.objects.update(last_synced_at=None)
    tend(project.pk)
    sent = []
    monkeypatch.setattr("automation.queue.async_task", lambda *args, **kwargs: sent.append(args))
    deliver("issues", payload_of(project, action="opened"))
    assert (sent, tick()) == ([], 0)


def test_issues_of_a_paused_project_are_left_alone_and_the_delivery_says_so(hub, project):
    Project.objects.update(automation_enabled=False)
    hub.create_issue("acme/calc", "It rains")
    deliver("issues", payload_of(project, action="opened"))
    tend(project.pk)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.reason) == ("ignored", inbox.PAUSED)
    assert not IssueSession.objects.exists()


def test_another_pull_request_and_a_push_to_the_base_cost_nothing(hub, project, session):
    hub.requests.clear()
    deliver("pull_request", payload_of(project, action="opened", pull_request={"number": 99}))
    deliver("push", payload_of(project, ref="refs/heads/main", after="1" * 40))
    tend(project.pk)
    assert states() == ["ignored", "ignored"]
    assert not hub.requests


def test_deliveries_go_after_thirty_days(project):
    deliver("star", payload_of(project))
    deliver("star", payload_of(project))
    first = WebhookDelivery.objects.earliest("pk")
    WebhookDelivery.objects.filter(pk=first.pk).update(received_at=timezone.now() - timedelta(days=31))
    tick()
    assert WebhookDelivery.objects.get().pk > first.pk
