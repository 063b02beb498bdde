"""prune_logs --older-than DAYS: remove transcripts, and commits kept beside them, of sessions that ended long ago."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from automation.agents.transcripts import tail_files
from automation.console import Answer, ConsoleCommand, Exit, failure
from issues.models import Attempt, IssueSession
from issues.states import ENDED
from projects import leases
from projects.errors import AutowrkersError

CHUNK = 1_000
SHORTEST_DAYS = 1


class Command(ConsoleCommand):
    help = (
        "Remove the agents' transcripts of sessions that ended more than DAYS ago. Attempts, events and results "
        "stay in the database; only the log of what the agent said and did goes, and the file of its commits beside it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--older-than", type=int, required=True, metavar="DAYS", help="At least 1.")
        parser.add_argument("--dry-run", action="store_true", help="Count only.")
        parser.add_argument("--yes", action="store_true", help="Do not ask.")

    def act(self, **options: Any) -> Answer:
        days, dry_run = options["older_than"], options["dry_run"]
        if days < SHORTEST_DAYS:
            error = AutowrkersError("command.usage", "--older-than takes a number of days, 1 or more.")
            return Answer(errors=[error], code=Exit.USAGE)
        paths = old_transcripts(days)
        size = sum(path.stat().st_size for path in paths)
        data = {"files": len(paths), "bytes": size, "dry_run": dry_run}
        said = f"{len(paths)} file(s), {size / 2**20:,.1f} MiB"
        if dry_run or not paths:
            return Answer(data | {"removed": 0}, [f"{said} to remove."])
        if not options["yes"] and not self._confirmed(said):
            return failure(
                AutowrkersError(
                    "command.not_confirmed", "Nothing was removed.", "Say --yes to do it unasked."
                ),
                **data,
                removed=0,
            )
        for path in paths:
            path.unlink(missing_ok=True)
        return Answer(data | {"removed": len(paths)}, [f"Removed {said}."])

    def _confirmed(self, said: str) -> bool:
        """No question where nobody can answer it."""
        if not sys.stdin.isatty():
            return False
        self.say(f"Remove {said}? This cannot be undone. Type yes:")
        return sys.stdin.readline().strip().lower() == "yes"


def old_transcripts(days: int) -> list[Path]:
    """The files of attempts that ended so long ago, of sessions that have ended and that nobody holds."""
    before = timezone.now() - timedelta(days=days)
    sessions = IssueSession.objects.filter(leases.free(), status__in=ENDED)
    attempts = (
        Attempt.objects.filter(ended_at__lt=before, issue_session__in=sessions).only("pk").order_by("pk")
    )
    return [
        path
        for attempt in attempts.iterator(chunk_size=CHUNK)
        for path in (attempt.transcript_path, *tail_files(attempt.transcript_path), attempt.bundle_path)
        if path.is_file()
    ]
