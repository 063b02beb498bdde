"""Messages to people that could not be sent."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.checks import CheckMessage
from django.db.models import Count, Max

from automation.checks.registry import fine, register, warn
from automation.checks.situation import Situation
from automation.models import Notification, NotificationRoute


@register("notify", "Notifications")
def unsent(situation: Situation) -> Iterator[CheckMessage]:
    stuck = Notification.objects.filter(sent_at=None).exclude(error="").values("route")
    rows = list(stuck.annotate(number=Count("pk"), latest=Max("pk")))
    routes = NotificationRoute.objects.select_related("project").in_bulk([row["route"] for row in rows])
    errors = Notification.objects.in_bulk([row["latest"] for row in rows])
    for row in rows:
        error = errors[row["latest"]].error[:200]
        hint = "Correct the route's target, or pause the route."
        yield warn(70, f"{routes[row['route']]}: {row['number']} messages could not be sent: {error}", hint)
    if not rows:
        yield fine(70, "No message to people is stuck.")
