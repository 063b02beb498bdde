"""The record of the work: one session per issue, one attempt per agent process, one event per change."""

from __future__ import annotations

from issues.models.attempt import Attempt
from issues.models.event import SessionEvent
from issues.models.session import IssueSession, IssueSessionQuerySet

__all__ = ["Attempt", "IssueSession", "IssueSessionQuerySet", "SessionEvent"]
