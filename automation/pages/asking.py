"""Which verbs of a session are asked twice: those that end work under way, or leave an open pull request alone."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from automation.attention import is_held
from issues.models import IssueSession
from issues.states import Status

ASKED = ("skip", "stop")
WORKING = (Status.IN_PROGRESS, Status.VERIFYING)


def is_at_work(session: IssueSession, now: datetime) -> bool:
    return session.status in WORKING or is_held(session, now)


def has_open_pull_request(session: IssueSession) -> bool:
    return session.pr_number is not None and session.pr_state == "open"


def asks_first(session: IssueSession, verb: str) -> bool:
    return verb in ASKED and (is_at_work(session, timezone.now()) or has_open_pull_request(session))
