"""run: the whole product on this machine: web, both queue clusters and the clock, with migrations before."""

from __future__ import annotations

import os
import signal
import sys
import threading
from argparse import ArgumentTypeError
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connections

from automation import schedules
from automation.console import Answer, ConsoleCommand, Exit
from automation.supervisor import Part, listen, supervise
from projects.errors import AutowrkersError


def port(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 6 or not 0 < int(text) < 65_536:
        raise ArgumentTypeError(f"{text!r} is not a port between 1 and 65535")
    return int(text)


class Command(ConsoleCommand):
    help = "Start web, workers and clock, and end all of them together. The Procfile says the same."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on (127.0.0.1).")
        parser.add_argument("--port", type=port, default=settings.PORT, help="Port, or the next free one.")

    def act(self, **options: Any) -> Answer:
        prepare()
        host, wanted = options["host"], options["port"]
        received: list[int] = []
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            received.append(number)
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        with listen(host, wanted) as server:
            got = server.getsockname()[1]
            url = f"http://{f'[{host}]' if ':' in host else host}:{got}/"
            taken = f" (port {wanted} is taken)" if got != wanted else ""
            self.say(f"Autowrkers: {url}{taken}")
            env = os.environ | {"PORT": str(got), "PYTHONUNBUFFERED": "1"}
            env.pop("Q_CLUSTER_NAME", None)
            ended = supervise(parts(server.fileno()), env=env, cwd=settings.BASE_DIR, stop=stop, say=self.say)
        if ended is None:
            code = Exit.INTERRUPTED if received == [signal.SIGINT] else Exit.DONE
            return Answer({"url": url}, code=code)
        message = f"The {ended.name} process ended with code {ended.code}, so all others were ended too."
        error = AutowrkersError(
            "run.part_ended", message, f"Its last lines above, after '{ended.name}', say why."
        )
        return Answer({"url": url}, errors=[error], code=Exit.FAILED)


def prepare() -> None:
    """The database and the static files as this version needs them. Safe to repeat."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    schedules.ensure()
    connections.close_all()


def parts(web_socket: int) -> list[Part]:
    manage = (sys.executable, str(settings.BASE_DIR / "manage.py"))
    web = ("config.wsgi", "--bind", f"fd://{web_socket}", "--worker-class", "gthread", "--threads", "8")
    quiet = ("--no-control-socket", "--graceful-timeout", "5")
    return [
        Part("web", (sys.executable, "-m", "gunicorn", *web, *quiet), pass_fds=(web_socket,)),
        Part("queue", (*manage, "qcluster")),
        Part("sessions", (*manage, "qcluster", "-n", "sessions"), env={"Q_CLUSTER_NAME": "sessions"}),
        Part("clock", (*manage, "clock")),
    ]
