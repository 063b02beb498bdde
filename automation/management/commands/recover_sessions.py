"""recover_sessions [SESSION...] [--apply|--explain]: find sessions that stand still, and take them up again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from automation import replay, stale
from automation.console import Answer, ConsoleCommand, Exit, facts, find_session, label
from automation.stale import Finding
from issues.models import IssueSession
from issues.transitions import Conflict
from projects.errors import AutowrkersError, OperatorError, Retryable


class Command(ConsoleCommand):
    help = (
        "Find sessions that stand still: a dead worker's lease, an attempt without an end, a request that nobody "
        "carried out, a lost message of the queue, an effect of unknown outcome. Says what it would do; does it "
        "with --apply. The tick does the same by itself while the clock and the workers run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "sessions", nargs="*", metavar="SESSION", help="Only these: an id, project#123 or owner/repo#123."
        )
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--apply", action="store_true", help="Do it; else nothing is changed.")
        how.add_argument(
            "--explain",
            action="store_true",
            help="Of each SESSION: all that happened to it, in order, and where it goes on when its worker is gone.",
        )

    def act(self, **options: Any) -> Answer:
        asked = [find_session(reference) for reference in options["sessions"]]
        if options["explain"]:
            return _explain(asked)
        wanted = {session.pk for session in asked}
        found = [each for each in stale.findings() if not wanted or each.session.pk in wanted]
        applied = options["apply"]
        rows, lines = [], []
        errors: list[AutowrkersError] = []
        for finding in found:
            result = self._repair(finding, errors) if applied else "found"
            rows.append(
                {
                    "session": facts(finding.session),
                    "kind": finding.kind,
                    "message": finding.message,
                    "remedy": finding.remedy,
                    "result": result,
                }
            )
            lines += [f"{label(finding.session)}: {finding.message}", f"  {_said(finding, result)}"]
        lines.append(_summary(len(found), len(errors), applied=applied))
        done = len(found) - len(errors)
        code = Exit.DONE if not errors else Exit.SOME_FAILED if done else Exit.FAILED
        return Answer({"applied": applied, "findings": rows}, lines, errors, code)

    def _repair(self, finding: Finding, errors: list[AutowrkersError]) -> str:
        try:
            return "done" if stale.repair(finding) else "taken"
        except (Retryable, Conflict) as error:
            errors.append(
                AutowrkersError(error.code, f"Session {finding.session.pk}: {error.message}", error.remedy)
            )
            return "failed"


def _explain(sessions: list[IssueSession]) -> Answer:
    if not sessions:
        raise OperatorError(
            "command.usage", "--explain needs a session.", "Name one: an id, project#123 or owner/repo#123."
        )
    told, lines = [], []
    for session in sessions:
        story, then = replay.story(session), replay.resumption(session, timezone.now())
        told.append({"session": facts(session), "story": [*map(asdict, story)], "resumption": asdict(then)})
        lines.append(label(session))
        for line in story:
            lines.append(f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.what}")
            lines += [f"  {'':21}{line.detail}"] if line.detail else []
        lines += [f"  * {sentence}" for sentence in then.words]
    return Answer({"sessions": told}, lines)


def _said(finding: Finding, result: str) -> str:
    return {
        "found": f"With --apply: {finding.remedy}",
        "done": f"Done: {finding.remedy}",
        "taken": "Another worker has taken it meanwhile.",
        "failed": "Not done; see below.",
    }[result]


def _summary(found: int, failed: int, *, applied: bool) -> str:
    if not found:
        return "No session stands still."
    if not applied:
        return f"{found} finding(s). Nothing was changed; repeat with --apply."
    return f"{found} finding(s), {found - failed} taken care of."
