"""doctor: is this installation ready, and what helps where it is not? Nothing is changed, nothing is spent.

Only `--send ADDRESS` sends something: one test mail.
"""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from io import StringIO
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.core.validators import validate_email
from rich.console import Console
from rich.table import Table
from rich.text import Text

from automation import doctor
from automation.checks.registry import TAGS
from automation.checks.situation import Situation
from automation.console import Answer, ConsoleCommand, Exit
from automation.doctor import Finding
from projects.errors import AutowrkersError
from projects.models import Project

TOTAL_SECONDS = 60
WORDS = {"ok": "ok", "note": "note", "warning": "WARNING", "error": "ERROR"}
STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}
MAIL_TAG = "notify"
FAILING = {"warning": ("warning", "error"), "error": ("error",)}


def address(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise ArgumentTypeError(f"{text!r} is not an address such as ann@example.com") from error
    return text


class Command(ConsoleCommand):
    help = "Check this installation: settings, database, tools, agents, tokens, queue, storage."
    tags: ClassVar[tuple[str, ...]] = TAGS

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--offline", action="store_true", help="Ask no network.")
        if len(self.tags) > 1:
            parser.add_argument("--tag", action="append", choices=self.tags, help="Only these; repeatable.")
            parser.add_argument(
                "--send", type=address, metavar="ADDRESS", help="Send a test mail there and tell the answer."
            )
        parser.add_argument(
            "--fail-level",
            choices=list(FAILING),
            default="error",
            help="The least finding that makes the exit code 4 (error).",
        )

    def act(self, **options: Any) -> Answer:
        receiver, tags = options.get("send") or "", options.get("tag") or self.tags
        if receiver and options["offline"]:
            error = AutowrkersError("command.usage", "Mail needs the network.", "Leave out --offline.")
            return Answer(errors=[error], code=Exit.USAGE)
        situation = Situation(
            projects=self.projects(**options),
            may_ask_network=not options["offline"],
            may_run_programs=True,
            deadline=time.monotonic() + TOTAL_SECONDS,
            send_mail_to=receiver,
        )
        findings = doctor.examine(situation, {*tags, MAIL_TAG} if receiver else tags)
        counts = doctor.counts(findings)
        lines = _lines(findings)
        if self.stdout.isatty() and not options["json"]:
            self.stdout.write(_table(findings, color=not options["no_color"]))
            lines = []
        data = {"counts": counts, "findings": [finding.as_data() for finding in findings]}
        failing = [finding for finding in findings if finding.level in FAILING[options["fail_level"]]]
        if not failing:
            return Answer(data, lines)
        levels = [level for level in ("error", "warning") if counts[level]]
        message = f"Not ready: {' and '.join(_counted(counts[level], level) for level in levels)}."
        error = AutowrkersError("doctor.not_ready", message, "Each finding above says what helps.")
        return Answer(data, lines, [error], Exit.NOT_READY)

    def projects(self, **options: Any) -> tuple[Project, ...]:
        """Those that are looked at."""
        return doctor.active_projects()


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _lines(findings: list[Finding]) -> list[str]:
    """One line each, and its hint where something is to be done."""
    lines = []
    for finding in findings:
        lines.append(f"{WORDS[finding.level]:8}{finding.tag:10}{finding.message}  [{finding.id}]")
        lines += [f"{'':18}-> {finding.hint}"] if finding.hint else []
    return lines


def _table(findings: list[Finding], *, color: bool) -> str:
    out = StringIO()
    console = Console(file=out, force_terminal=color, no_color=not color)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "About", "Found"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        found = Text(finding.message)
        if finding.hint:
            found.append(f"\n→ {finding.hint}", style="dim")
        table.add_row(Text(WORDS[finding.level], style=STYLES[finding.level]), Text(finding.about), found)
    console.print(table)
    return out.getvalue()
