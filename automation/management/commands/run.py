"""run: the whole product on this machine: web, both queue clusters and the clock, with migrations before."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from argparse import ArgumentTypeError
from datetime import datetime
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import Error as DatabaseTrouble
from django.db import connections
from django.utils import timezone

from automation import draining, schedules
from automation.console import Answer, ConsoleCommand, Exit, facts, label
from automation.recovery import HANDED_OVER
from automation.supervisor import Part, listen, supervise
from issues.models import IssueSession, SessionEvent
from projects import leases
from projects.errors import AutowrkersError

LAST_SECONDS = 8.0  # for a cluster that ends its own workers by force


def port(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 6 or not 0 < int(text) < 65_536:
        raise ArgumentTypeError(f"{text!r} is not a port between 1 and 65535")
    return int(text)


def minutes(text: str) -> int:
    if not text.isdecimal() or int(text) > 7 * 24 * 60:
        raise ArgumentTypeError(f"{text!r} is not a whole number of minutes, at most a week")
    return int(text)


class Command(ConsoleCommand):
    help = "Start web, workers and clock, and end all of them together. The Procfile says the same."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (127.0.0.1).")
        parser.add_argument(
            "--drain-minutes",
            type=minutes,
            default=settings.AUTOWRKERS_DRAIN_MINUTES,
            metavar="N",
            help="At the first SIGTERM or SIGINT, how long running sessions may go on before they are handed over to "
            "the next start (0: at once). A second signal hands over at once.",
        )
        parser.add_argument("--port", type=port, default=settings.PORT, help="Port, or the next free one.")

    def act(self, **options: Any) -> Answer:
        prepare()
        host, wanted = options["host"], options["port"]
        received: list[int] = []
        stop, hurry = threading.Event(), threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            received.append(number)
            (hurry if stop.is_set() else stop).set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        with listen(host, wanted) as server:
            got = server.getsockname()[1]
            url = f"http://{f'[{host}]' if ':' in host else host}:{got}/"
            taken = f" (port {wanted} is taken)" if got != wanted else ""
            self.say(f"Autowrkers: {url}{taken}")
            env = os.environ | {"PORT": str(got), "PYTHONUNBUFFERED": "1"}
            env.pop("Q_CLUSTER_NAME", None)
            began = timezone.now()
            ended = supervise(
                parts(server.fileno(), drain_minutes=options["drain_minutes"]),
                env=env,
                cwd=settings.BASE_DIR,
                stop=stop,
                say=self.say,
                hurry=hurry,
            )
        given, left = handed_over(began)
        answer = {"url": url, "handed_over": [facts(session) for session in given], "left": len(left)}
        lines = [f"Handed over to the next start: {label(session)}" for session in given]
        lines += [
            f"Not handed over in time, goes on after the next start: {label(session)}" for session in left
        ]
        if ended is None:
            code = Exit.INTERRUPTED if received[:1] == [signal.SIGINT] else Exit.DONE
            return Answer(answer, lines, code=code)
        message = f"The {ended.name} process ended again and again, with code {ended.code}: all were ended."
        error = AutowrkersError(
            "run.part_ended", message, f"Its last lines above, after '{ended.name}', say why."
        )
        return Answer(answer, lines, errors=[error], code=Exit.FAILED)


def handed_over(since: datetime) -> tuple[list[IssueSession], list[IssueSession]]:
    """The sessions that this host has handed over and nobody has taken since, and those that it still holds."""
    try:
        rows = SessionEvent.objects.filter(verb=HANDED_OVER, created_at__gte=since)
        host = socket.gethostname()
        here = [row.issue_session_id for row in rows if row.evidence.get("host") == host]
        sessions = IssueSession.objects.select_related("project").defer("github_issue_body")
        given = sessions.filter(leases.free(), pk__in=here, reason=HANDED_OVER)
        return list(given), list(sessions.filter(leases.live(), leases.of_this_host()))
    except DatabaseTrouble:
        return [], []
    finally:
        connections.close_all()


def prepare() -> None:
    """The database and the static files as this version needs them. Safe to repeat."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    schedules.ensure()
    connections.close_all()


def parts(web_socket: int, drain_minutes: int = 0) -> list[Part]:
    manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
    web = ("config.wsgi", "--bind", f"fd://{web_socket}", "--worker-class", "gthread", "--threads", "8")
    quiet = ("--no-control-socket", "--graceful-timeout", "5")
    return [
        Part("web", (sys.executable, "-m", "gunicorn", *web, *quiet), pass_fds=(web_socket,)),
        Part("queue", (*manage, "qcluster"), gives_pulse=True),
        Part(
            "sessions",
            (*manage, "qcluster", "-n", "sessions"),
            env={"Q_CLUSTER_NAME": "sessions", "AUTOWRKERS_DRAIN_MINUTES": str(drain_minutes)},
            ends_first=True,
            gives_pulse=True,
            patience=drain_minutes * 60 + draining.HAND_OVER_SECONDS + LAST_SECONDS,
        ),
        Part("clock", (*manage, "clock"), gives_pulse=True),
    ]
