"""run_session SESSION: work on one session here and now, with the agent's transcript on the terminal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from automation import budgets, pipeline
from automation.console import Answer, ConsoleCommand, Exit, actor, exit_for, facts, find_session, label
from automation.held import refuse_if_held
from automation.live import Watcher
from issues import verbs
from issues.models import IssueSession
from issues.states import RUNNABLE, Status, Step
from projects.errors import AutowrkersError

GOOD = frozenset({Status.PR_CREATED, Status.COMPLETED})


class Command(ConsoleCommand):
    help = "Start a session and work on it in the foreground. Ctrl-C stops it; twice, at once."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("session", help="A session's id, project#123 or owner/repo#123.")

    def act(self, **options: Any) -> Answer:
        session = find_session(options["session"])
        refuse_if_held(session)
        refuse_without_budget(session)
        verbs.start(session, actor=actor())
        watcher = Watcher(session.pk, say=self.say, actor=actor())
        watcher.start()
        try:
            with self._stopping_on_interrupt(watcher):
                is_ours = pipeline.advance(session.pk)
        finally:
            watcher.end()
        session = find_session(str(session.pk))
        if not is_ours:
            refuse_if_held(session)
        return conclusion(session, interrupted=watcher.stop_wanted.is_set())

    @contextmanager
    def _stopping_on_interrupt(self, watcher: Watcher) -> Iterator[None]:
        """The first Ctrl-C asks for a stop, the second one is the usual one."""

        def ask(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            watcher.stop_wanted.set()

        former = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)


def refuse_without_budget(session: IssueSession) -> None:
    """What is verified already may still be published: that costs nothing."""
    spent = budgets.blocked_reason(session.project, timezone.now())
    if spent is not None and session.step != Step.PUBLISH:
        raise AutowrkersError(f"session.{budgets.USED_UP}", spent)


def conclusion(session: IssueSession, *, interrupted: bool) -> Answer:
    """Where the session stands now, for people and for programs."""
    data = {"session": facts(session)}
    lines = [f"{label(session)}."]
    if session.pr_url:
        lines.append(f"Pull request #{session.pr_number} ({session.pr_state or 'open'}): {session.pr_url}")
    if interrupted:
        return Answer(data, lines, [_error(session, "Interrupted.")], Exit.INTERRUPTED)
    if session.status in GOOD:
        return Answer(data, lines)
    error = _error(session, session.last_error)
    return Answer(data, lines, [error], exit_for(error))


def _error(session: IssueSession, message: str) -> AutowrkersError:
    if session.status in RUNNABLE and session.is_parked(timezone.now()):
        until = f"{session.not_before:%Y-%m-%d %H:%M} UTC"
        remedy = f"It waits until {until}; `run_session {session.pk}` tries at once."
    else:
        possible = ", ".join(verbs.allowed_verbs(session)) or "nothing"
        remedy = f"Details: {session.page_url} Possible now: {possible}."
    return AutowrkersError(f"session.{session.reason or session.status}", message or "Not finished.", remedy)
