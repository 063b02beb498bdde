"""What other systems and people leave in the scene: deliveries, notifications, tokens, audit rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import Group

from automation.models import Alert, Host, Notification, NotificationRoute, WebhookDelivery
from automation.webhooks.inbox import UNCONCERNED
from projects import accounts
from projects.models import ApiToken, Credential, GitHubApp, GitHubIdentity, Project
from projects.models.audit import record
from tests.scene.people import People

BAD_TOKEN = "GitHub answered 401 to GET /repos/acme/payments-api/pulls/91: Bad credentials"
KEYS = {"private_key": "a key", "client_secret": "a secret", "webhook_secret": "another"}
DELIVERED = (  # minutes ago, event, action, what it names, state, reason, tries
    (1, "push", "", {"branches": ["feature/issue-127"], "shas": ["5d" * 20]}, "received", "", 0),
    (4, "issues", "labeled", {"issue": 131}, "done", "", 1),
    (9, "pull_request_review_comment", "created", {"pulls": [91]}, "done", "", 1),
    (14, "check_suite", "completed", {"branches": ["main"], "shas": ["9c" * 20]}, "ignored", UNCONCERNED, 1),
    (38, "pull_request", "synchronize", {"pulls": [91], "shas": ["9c" * 20]}, "failed", BAD_TOKEN, 10),
    (2880, "ping", "", {"hook_id": 51377}, "done", "", 0),
)


def leave_traces(people: People, payments: Project, webshop: Project, now: datetime) -> None:
    Group.objects.create(name="Team leads")
    record(actor="mara", verb="project.created", subject=payments, project=payments)
    record(actor="mara", verb="project.changed", subject=payments, project=payments, fields=["auto_start"])
    record(actor="mara", verb="automation.stopped", subject=webshop, project=webshop)
    ApiToken.objects.create(
        user=people.manager, name="release dashboard", scope="read", token_hash=ApiToken.digest("aw_scene")
    )
    route = NotificationRoute.objects.create(
        project=payments, channel="slack", target="#payments", events=["session.failed"]
    )
    session = payments.sessions.get(github_issue_number=125)
    Notification.objects.create(
        route=route,
        issue_session=session,
        event="session.failed",
        dedupe_key=f"session.failed:{session.pk}:1",
        sent_at=now - timedelta(minutes=129),
    )
    _deliver(payments, now)
    _of_the_installation(people, now)


def _of_the_installation(people: People, now: datetime) -> None:
    """An App, an account, a host that works and one that has ended, an alert that is over."""
    api_url = settings.GITHUB_API_URL
    key = Credential.objects.for_secret(kind=Credential.Kind.APP, api_url=api_url, secret=json.dumps(KEYS))
    GitHubApp.objects.create(
        api_url=api_url, app_id=311, slug="autowrkers", name="Autowrkers", credential=key
    )
    GitHubIdentity.objects.create(
        user=people.manager, github_host=accounts.host(), github_id=7301, login="mara-codes"
    )
    later = now + timedelta(days=3)  # it lives for as long as anybody looks
    seen = {"sessions_seen_at": later, "queue_seen_at": later, "clock_seen_at": later, "started_at": now}
    Host.objects.create(name="worker-1", slots=4, version="0.1.0", disk_free_bytes=46 * 2**30, **seen)
    Host.objects.create(name="worker-2", slots=2)
    began, ended = now - timedelta(days=2), now - timedelta(days=1)
    Alert.objects.create(
        kind=Alert.Kind.DISK,
        subject="worker-2",
        message="Only 312 MB are free for the workspace.",
        remedy="Free some space there.",
        first_at=began,
        last_at=ended,
        ended_at=ended,
    )


def _deliver(project: Project, now: datetime) -> None:
    """A delivery of each end, as `automation/webhooks/inbox.py` keeps them."""
    kind, api_url = Credential.Kind.WEBHOOK, settings.GITHUB_API_URL
    project.webhook_credential = Credential.objects.for_secret(
        kind=kind, api_url=api_url, secret="whsec_scene"
    )
    project.save(update_fields=["webhook_credential"])
    for number, (ago, event, action, names, state, reason, tries) in enumerate(reversed(DELIVERED)):
        row = WebhookDelivery.objects.create(
            delivery_id=f"0b1f2c3d-7a51-11f0-9c4e-{number:012x}",
            event=event,
            action=action,
            project=project,
            payload={"repository_id": 7301, "repository": project.github_repo, **names},
            state=state,
            reason=reason,
            attempts=tries,
        )
        at = now - timedelta(minutes=ago)
        ended = None if state == "received" else at + timedelta(seconds=4)
        WebhookDelivery.objects.filter(pk=row.pk).update(received_at=at, processed_at=ended)
