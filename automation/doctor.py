"""Runs the checks and tells what they found, cleaned for people. A check that breaks is a finding itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from django.core.checks import DEBUG, ERROR, INFO, WARNING, CheckMessage
from django.db import DatabaseError

# Each of these modules registers its checks.
from automation.checks import (  # noqa: F401
    agents,
    database,
    mail,
    notices,
    queues,
    settings,
    storage,
    tokens,
    tools,
)
from automation.checks.registry import CHECKS, TAGS, Check
from automation.checks.situation import Situation
from automation.console import shown
from projects.errors import AutowrkersError
from projects.models import Project

LEVELS = {DEBUG: "ok", INFO: "note", WARNING: "warning", ERROR: "error"}
HEADINGS = {
    "settings": "Settings",
    "database": "Database",
    "git": "git",
    "storage": "Storage",
    "agent": "Agents and sandbox",
    "github": "GitHub",
    "queue": "Queue and clock",
    "notify": "Notifications",
}


@dataclass(frozen=True)
class Finding:
    """`level` is ok, note, warning or error; `project` the id of the one project it is about, if any."""

    tag: str
    about: str
    level: str
    id: str
    message: str
    hint: str
    project: int | None

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def examine(situation: Situation, tags: Collection[str] = TAGS) -> list[Finding]:
    """All findings of the checks under `tags`, good ones included, in the order of TAGS."""
    chosen = [check for check in CHECKS if check.tag in tags and (situation.site_wide or not check.site_wide)]
    return [
        finding for tag in TAGS for check in chosen if check.tag == tag for finding in _look(check, situation)
    ]


def active_projects() -> tuple[Project, ...]:
    """Those of all people; none when the database does not answer, which a check of its own tells."""
    try:
        return tuple(Project.objects.active().select_related("credential"))
    except DatabaseError:
        return ()


def counts(findings: list[Finding]) -> dict[str, int]:
    return {level: sum(finding.level == level for finding in findings) for level in LEVELS.values()}


def _look(check: Check, situation: Situation) -> list[Finding]:
    try:
        return [finding_of(check.tag, check.about, message) for message in check.look(situation)]
    except (AutowrkersError, DatabaseError, OSError) as error:
        message = f"This could not be looked at: {error}"
        hint = "Correct what it names; the database first, if that has errors too."
        return [Finding(check.tag, check.about, "error", "autowrkers.E099", shown(message), hint, None)]


def finding_of(tag: str, about: str, message: CheckMessage) -> Finding:
    """A message for people: without secrets, and without what a terminal or a page would obey."""
    level = LEVELS.get(min(message.level, ERROR), "error")
    project = message.obj.pk if isinstance(message.obj, Project) else None
    text, hint = shown(str(message.msg)), shown(str(message.hint or ""))
    return Finding(tag, about, level, str(message.id), text, hint, project)
