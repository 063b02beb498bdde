"""Checks of the environment in Django's own form of messages: id, level, sentence, hint, under a tag each.

They are no checks of `manage.py check`: an error there would keep `migrate` from running, and these are slow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.core.checks import DEBUG, ERROR, INFO, WARNING, CheckMessage

from automation.checks.situation import Situation
from projects.models import Project

Look = Callable[[Situation], Iterable[CheckMessage]]
LETTERS = {DEBUG: "D", INFO: "I", WARNING: "W", ERROR: "E"}


@dataclass(frozen=True)
class Check:
    """`about`: what it looks at, in words. `site_wide`: it tells of the installation, not of single projects."""

    tag: str
    about: str
    look: Look
    site_wide: bool = True


CHECKS: list[Check] = []
TAGS = ("settings", "database", "git", "storage", "agent", "github", "queue", "notify")


def register(tag: str, about: str, *, site_wide: bool = True) -> Callable[[Look], Look]:
    def keep(look: Look) -> Look:
        CHECKS.append(Check(tag, about, look, site_wide))
        return look

    return keep


def fine(number: int, message: str, *, of: Project | None = None) -> CheckMessage:
    return _message(DEBUG, number, message, "", of)


def note(number: int, message: str, hint: str = "", *, of: Project | None = None) -> CheckMessage:
    """Worth knowing; nothing has to be done."""
    return _message(INFO, number, message, hint, of)


def warn(number: int, message: str, hint: str, *, of: Project | None = None) -> CheckMessage:
    return _message(WARNING, number, message, hint, of)


def fail(number: int, message: str, hint: str, *, of: Project | None = None) -> CheckMessage:
    """Something does not work until this is mended."""
    return _message(ERROR, number, message, hint, of)


def _message(level: int, number: int, message: str, hint: str, of: Project | None) -> CheckMessage:
    return CheckMessage(level, message, hint=hint, obj=of, id=f"autowrkers.{LETTERS[level]}{number:03d}")
