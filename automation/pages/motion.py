"""Whether a project moves, and if not, why: in sentences, the most pressing first."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.html import format_html

from automation.control import AutomationStatus
from projects.models import Project

UNTENDED = timedelta(minutes=5)


def why_still(
    project: Project, status: AutomationStatus, queued: int, now: datetime, *, sees_workers: bool
) -> list[str]:
    """Besides `blocked_reason`. Empty: everything goes its way."""
    said = []
    if not project.automation_enabled:
        said.append(
            "Automation is paused: nothing is synced or started by itself. What a person asks for is done."
        )
    elif not project.auto_start and status.pending > queued:
        said.append("Pending issues wait for a person to start them: auto start is off in the settings.")
    elif not project.auto_sync:
        said.append("Issues are synced only when a person asks: auto sync is off in the settings.")
    is_wanted = project.automation_enabled or queued or project.sync_requested_at is not None
    if is_wanted and (status.last_tick is None or now - status.last_tick > UNTENDED):
        said.append(_untended(sees_workers))
    if queued and status.slots_free == 0:
        said.append(_no_place(project, status.running_sessions))
    return said


def _untended(sees_workers: bool) -> str:
    if not sees_workers:
        return "No worker looks after this project: ask an administrator whether workers run."
    words = 'No worker looks after this project: see on the <a href="{}">Doctor page</a> whether workers run.'
    return format_html(words, reverse("admin:doctor"))


def _no_place(project: Project, running: int) -> str:
    if running >= project.max_concurrent:
        return f"{running} of at most {project.max_concurrent} sessions run: the next one starts when one has ended."
    return "All places for agents on this host are taken: the next session starts when one is free."
