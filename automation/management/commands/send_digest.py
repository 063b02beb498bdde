"""send_digest --period daily|weekly|monthly: tell the managers of projects by mail how the last one went."""

from __future__ import annotations

from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.core.management.base import CommandParser
from django.utils import timezone

from automation import digest, digest_mail, digest_outbox, mail
from automation.console import Answer, ConsoleCommand, Exit, exit_for, find_project
from automation.digest import PERIODS, Period
from projects.errors import AutowrkersError
from projects.models import Project

SENT, WOULD_SEND, NOTHING, HAD_IT, FAILED = (
    "sent",
    "would send",
    "nothing to tell",
    "has it already",
    "failed",
)
PAUSED = "Digests are paused: resume the route for each project's managers to send them."


class Command(ConsoleCommand):
    help = (
        "Mail each manager of projects what waits and how the last day, week (from Monday) or month (UTC) went. "
        "Nobody gets the same one twice, and nobody one with nothing in it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--period", choices=PERIODS, required=True)
        parser.add_argument(
            "--project", action="append", default=[], help="Only about these; repeatable. All unless told."
        )
        parser.add_argument("--to", metavar="ADDRESS", help="Only to the managers with this address.")
        parser.add_argument("--dry-run", action="store_true", help="Print what would be sent to whom.")
        parser.add_argument("--again", action="store_true", help="Also to those who have had it.")

    def act(self, **options: Any) -> Answer:
        is_dry, projects = options["dry_run"], Project.objects.active()
        if options["project"]:
            projects = projects.filter(pk__in=[find_project(name).pk for name in options["project"]])
        period = digest.last_period(options["period"], timezone.now())
        people = digest_outbox.receivers(projects)
        if options["to"]:
            people = people.filter(email__iexact=options["to"])
            _insist_on_somebody(people, options["to"])
        if not is_dry and not mail.is_configured():
            raise mail.NoServer("No mail server is set.", mail.SET_IT)
        data: dict[str, Any] = {
            "period": period.kind,
            "start": period.start,
            "end": period.end,
            "receivers": [],
        }
        if not is_dry and digest_outbox.route().paused:
            return Answer(data, [PAUSED])
        lines, errors = [], []
        for user in people:
            message = _written(user, projects, period)
            outcome = NOTHING
            if message is not None:
                try:
                    outcome = WOULD_SEND if is_dry else _send(user, period, message, again=options["again"])
                except AutowrkersError as error:
                    outcome = FAILED
                    errors.append(AutowrkersError(error.code, f"{user.email}: {error.message}", error.remedy))
            subject = message.subject if message else ""
            data["receivers"].append(
                {"user": user.get_username(), "address": user.email, "outcome": outcome, "subject": subject}
            )
            lines.append(f"{user.email}: {outcome}{f' ({subject})' if subject else ''}.")
            if is_dry and message is not None:
                lines += ["", *str(message.body).splitlines(), ""]
            if errors and errors[-1].code == "mail.no_server":
                break  # nobody else would get theirs
        return Answer(data, lines or ["No manager of a project has an address."], errors, _code(data, errors))


def _insist_on_somebody(people: Any, address: str) -> None:
    if not people.exists():
        raise AutowrkersError(
            "digest.no_receiver",
            f"No manager of these projects has the address {address!r}.",
            "Give somebody with this address the role Manager.",
        )


def _written(user: Any, projects: Any, period: Period) -> EmailMultiAlternatives | None:
    """The mail about what this person manages among `projects`."""
    mine = projects.filter(pk__in=digest_outbox.managed_by(user))
    found = digest.collect(mine, period)
    if found is None:
        return None
    names = list(mine.order_by("name", "pk").values_list("name", flat=True))
    public_id = digest_outbox.key_of(user, period).replace(":", "-")
    return digest_mail.compose(found, address=user.email, projects=names, public_id=public_id)


def _send(user: Any, period: Period, message: EmailMultiAlternatives, *, again: bool) -> str:
    row = digest_outbox.claim(user, period, subject=str(message.subject), again=again)
    if row is None:
        return HAD_IT
    digest_outbox.deliver(row, message)
    return SENT


def _code(data: dict[str, Any], errors: list[AutowrkersError]) -> Exit:
    if not errors:
        return Exit.DONE
    is_partly = any(receiver["outcome"] in (SENT, HAD_IT) for receiver in data["receivers"])
    return Exit.SOME_FAILED if is_partly else exit_for(errors[-1])
