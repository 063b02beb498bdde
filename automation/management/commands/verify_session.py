"""verify_session SESSION: run the project's checks again on what the session has, here and now."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from automation.console import Answer, ConsoleCommand, exit_for, facts, find_session, label
from automation.held import held
from automation.holding import Holding
from issues.models import IssueSession
from projects.connection import mirror_of
from projects.errors import AutowrkersError, OperatorError
from projects.workspace.mirror import Mirror
from projects.workspace.sandbox import detect
from verification.report import Report
from verification.verify import verify_commit

SHOWN_SHA = 12


class Command(ConsoleCommand):
    help = (
        "Run the project's checks again on the session's imported commit, in a throwaway checkout, as the verify "
        "step does. The results are stored; the session stays where it is. Exits 0 when all passed, 1 when not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("session", help="A session's id, project#123 or owner/repo#123.")

    def act(self, **options: Any) -> Answer:
        session = find_session(options["session"])
        with held(session) as holding:
            session.refresh_from_db()
            report = self._verify(session, holding)
        data = {
            "session": facts(session),
            "head_sha": session.head_sha,
            "passed": report.passed and not report.fault,
            "checks": [line._asdict() for line in report.summary()],
            "manual_review": report.manual_review,
        }
        lines = [f"{label(session)}, commit {session.head_sha[:SHOWN_SHA]}:"]
        lines += [f"  {line.name}: {line.verdict} ({line.seconds:.1f} s)" for line in report.summary()]
        lines += [report.manual_review] if report.manual_review else []
        error = _error(report)
        return Answer(data, lines, [error], exit_for(error)) if error else Answer(data, lines)

    def _verify(self, session: IssueSession, holding: Holding) -> Report:
        _insist_on_a_commit(session)
        mirror = mirror_of(session.project, stop=holding.stop)
        _insist_on_presence(session, mirror)
        self.say(f"Checking {session.head_sha[:SHOWN_SHA]} …")
        return verify_commit(
            session,
            attempt=session.session,
            mirror=mirror,
            head_sha=session.head_sha,
            base_sha=session.base_sha,
            sandbox=detect(settings.AUTOWRKERS_SANDBOX),
            stop=holding.stop,
            lease=holding.lease,
        )


def _insist_on_a_commit(session: IssueSession) -> None:
    if not session.head_sha:
        raise OperatorError(
            "session.nothing_to_verify",
            f"Session {session.pk} has no commit of its agent yet.",
            f"Work on it first: `python manage.py run_session {session.pk}`.",
        )


def _insist_on_presence(session: IssueSession, mirror: Mirror) -> None:
    gone = OperatorError(
        "git.not_here",
        f"Commit {session.head_sha[:SHOWN_SHA]} of session {session.pk} is not in this host's workspace.",
        "Run this on the host that worked on it; what an ended session had is cleared away.",
    )
    if not mirror.path.is_dir():
        raise gone
    try:
        with mirror.history() as history:
            history.changed_files(session.base_sha, session.head_sha)
    except ValueError as error:
        raise gone from error


def _error(report: Report) -> AutowrkersError | None:
    if report.fault:
        return AutowrkersError(f"session.{report.fault_code}", report.fault)
    if not report.passed:
        return AutowrkersError("session.checks_failed", report.failure_text())
    return None
