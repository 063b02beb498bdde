"""Who gets a digest, and that nobody gets the same one twice: each is a row of the outbox before it is a mail.

A row whose sending broke off without an answer is left alone: the mail may have arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.utils import timezone

from automation import mail
from automation.digest import Period
from automation.models import Notification, NotificationRoute
from projects.errors import AutowrkersError
from projects.models import Project, Role

TARGET = "each project's managers"


def receivers(projects: Iterable[Project]) -> QuerySet[Any]:
    """The people who manage any of the projects, may sign in and have an address."""
    managers = get_user_model()._default_manager.filter(
        is_active=True, memberships__role=Role.MANAGER, memberships__project__in=projects
    )
    return managers.exclude(email="").distinct().order_by("pk")


def managed_by(user: Any) -> QuerySet[Project]:
    return Project.objects.active().filter(memberships__user=user, memberships__role=Role.MANAGER)


def route() -> NotificationRoute:
    """The one of all digests. Pausing it ends them."""
    mine = {"channel": NotificationRoute.Channel.EMAIL, "target": TARGET, "project": None}
    found = NotificationRoute.objects.filter(**mine).order_by("pk").first()
    return found or NotificationRoute.objects.create(**mine, events=["digest"])


def key_of(user: Any, period: Period) -> str:
    """One per person, kind of period and start."""
    return f"digest:{period.kind}:{period.start:%Y-%m-%d}:{user.pk}"


def claim(user: Any, period: Period, *, subject: str, again: bool) -> Notification | None:
    """The row of this digest, ours to send now; None when it was sent. One that was refused is claimed anew.

    Raises AutowrkersError `digest.begun` when another run began to send it and has not told an outcome. With `again`
    any row is claimed.
    """
    row, is_new = Notification.objects.get_or_create(
        dedupe_key=key_of(user, period),
        defaults={"route": route(), "event": f"digest.{period.kind}", "body": {"subject": subject}},
    )
    rows = Notification.objects.filter(pk=row.pk)
    if not again:
        rows = rows.filter(sent_at=None).exclude(error="")
    if is_new or rows.update(error="", sent_at=None):
        return row
    if row.sent_at is None:
        raise AutowrkersError(
            "digest.begun",
            "A run began to send it and has told no outcome, so it may have arrived.",
            "Wait for that run if it is still at work; else --again sends it.",
        )
    return None


def deliver(row: Notification, message: EmailMessage) -> None:
    """Send it and keep the outcome. Raises what `mail.send` does."""
    row.error, row.sent_at = "", None
    try:
        mail.send(message)
        row.sent_at = timezone.now()
    except mail.Uncertain as error:
        row.error, row.sent_at = str(error), timezone.now()
        raise
    except AutowrkersError as error:
        row.error = str(error)
        raise
    finally:
        row.save(update_fields=["error", "sent_at"])
