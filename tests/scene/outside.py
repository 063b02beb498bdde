"""What other systems and people leave in the scene: deliveries, notifications, tokens, audit rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import Group

from automation.models import Notification, NotificationRoute, WebhookDelivery
from projects.models import ApiToken, Project
from projects.models.audit import record
from tests.scene.people import People


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
    WebhookDelivery.objects.create(
        delivery_id="0b1f2c3d", event="issues", project=payments, payload={"action": "opened"}
    )
