"""demo: issue -> agent -> checks -> merged pull request on this machine; no token, no key, no network."""

from __future__ import annotations

import logging
import os
import signal
import threading
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import CommandParser
from django.utils.crypto import get_random_string

from automation.console import Answer, ConsoleCommand, Exit
from automation.demo import play, surroundings
from automation.management.commands.run import parts, prepare
from automation.supervisor import listen, supervise
from projects.errors import AutowrkersError, OperatorError
from projects.models import Project
from projects.workspace.sandbox import detect

SECONDS = 240
ADMIN = "demo"


class Command(ConsoleCommand):
    help = "Play the main job with a GitHub stand-in and a scripted agent. --once ends with the last merge."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="End when the story has ended.")
        parser.add_argument("--fast", action="store_true", help="No pauses for reading.")

    def act(self, **options: Any) -> Answer:
        logging.getLogger("django-q").setLevel(logging.WARNING)  # its lines are not part of the story
        self._choose_sandbox()
        prepare()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: stop.set())
        try:
            with play.open_stand_in() as hub, listen("127.0.0.1", settings.PORT) as server:
                performance = play.Play(hub, self.say, fast=options["fast"])
                if not options["once"]:
                    self._say_how_to_sign_in()
                project = performance.set_up()
                processes = threading.Thread(target=self._run, args=(server.fileno(), stop, options["once"]))
                processes.start()
                try:
                    succeeded = performance.watch(
                        project, seconds=SECONDS, is_alive=lambda: processes.is_alive() and not stop.is_set()
                    )
                    if succeeded and not options["once"]:
                        self._say_what_is_next()
                        stop.wait()
                finally:
                    stop.set()
                    processes.join()
                return self._answer_for(project, succeeded)
        finally:
            surroundings.leave()

    def _run(self, web_socket: int, stop: threading.Event, headless: bool) -> None:
        """The product's own processes, as `manage.py run` starts them; their log goes to the demo's folder."""
        wanted = [part for part in parts(web_socket) if not (headless and part.name == "web")]
        log = settings.AUTOWRKERS_LOG_ROOT / "processes.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", buffering=1) as lines:
            env = os.environ | {"PYTHONUNBUFFERED": "1"}
            supervise(
                wanted, env=env, cwd=settings.BASE_DIR, stop=stop, say=lambda line: print(line, file=lines)
            )

    @staticmethod
    def _choose_sandbox() -> None:
        """The best one that works here; the demo's own agent may run without any."""
        try:
            detect(settings.AUTOWRKERS_SANDBOX)
        except OperatorError:
            settings.AUTOWRKERS_SANDBOX = os.environ["AUTOWRKERS_SANDBOX"] = "none"

    def _say_how_to_sign_in(self) -> None:
        password = get_random_string(16)
        get_user_model().objects.create_superuser(ADMIN, password=password)
        self.say(f"     Watch it at {settings.SITE_URL}/admin/ as user {ADMIN}, password {password}")

    def _say_what_is_next(self) -> None:
        self.say(
            "\nNext: link a real repository.\n"
            "  1. make agents; cp .env.example .env; fill it in as the README says\n"
            "  2. python manage.py migrate; python manage.py createsuperuser; make run\n"
            "  3. sign in, press Link a repository, then Sync, start a session, and read its pull request\n"
            "Ctrl-C ends the demo."
        )

    @staticmethod
    def _answer_for(project: Project, succeeded: bool) -> Answer:
        data = {"sessions": play.summary(project)}
        lines = [
            f"#{row['issue']}: {row['status']}, failed tries {row['attempts']}, pull request {row['pr_number'] or '-'}"
            for row in data["sessions"]
        ]
        if succeeded:
            return Answer(data, lines)
        project.refresh_from_db()
        message = project.error_message or "The demo's pull requests were not all merged in time."
        error = AutowrkersError(
            "demo.unfinished", message, f"Read {settings.AUTOWRKERS_LOG_ROOT}/processes.log."
        )
        return Answer(data, lines, [error], Exit.FAILED)
