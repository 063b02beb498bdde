"""An installation of its own: database, stand-in over HTTP, one project, both clusters and the clock as processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import django

from automation.demo.github import StandIn

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN, BOT, REPO = "ghp_standin" + "0" * 29, "autowrkers-bot", "acme/calc"
AGENT = (
    "sh -c 'cat > /dev/null; sleep $(( $(date +%s) % SPREAD + 1 )); note=$(git symbolic-ref --short HEAD | tr / -);"
    " echo fixed > NOTES-$note; git add -A; git -c user.name=A -c user.email=a@b.c commit -qm Fix'"
)
SLOW_AGENT, AGENT = AGENT.replace("SPREAD", "60 + 90"), AGENT.replace("SPREAD", "8")
PARTS = {"queue": ("qcluster",), "sessions": ("qcluster", "-n", "sessions"), "clock": ("clock",)}
RESTARTED_AFTER = 1.0


class Installation:
    """`database`: the URL of a PostgreSQL server in which a database may be made; none is a SQLite file.

    Django is set up on entering, so there is one in a process.
    """

    def __init__(self, database: str = "", *, slots: int = 3, agent: str = AGENT) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="faults-rounds-"))
        self.server, self.slots, self.agent = database, slots, agent
        self.name = f"faults_rounds_{os.getpid()}"
        self.hub = StandIn({TOKEN: BOT}, root=self.root / "github")
        self.url = f"sqlite:///{self.root}/database.sqlite3"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ended_at: dict[str, float] = {}
        self.restarts = 0
        self.is_kept = False
        self.web_port = 0

    def __enter__(self) -> Self:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left running
        if self.server:
            self._sql(f'CREATE DATABASE "{self.name}"')
            self.url = f"{self.server.rpartition('/')[0]}/{self.name}"
        (self.root / "github").mkdir(exist_ok=True)
        self.hub.__enter__()
        self.environment = self._environment()
        os.environ |= self.environment
        django.setup()
        from tests.faults import linked  # noqa: PLC0415 - models are loaded only now

        self.project = linked.make(self.hub, REPO, TOKEN, self.agent, self.slots)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()
        self.hub.__exit__(kind, error, trace)
        django.db.connections.close_all()
        if self.server:
            self._sql(f'DROP DATABASE "{self.name}" WITH (FORCE)')
        if error is None and not self.is_kept:
            shutil.rmtree(self.root, ignore_errors=True)

    def start(self, *names: str, **environment: str) -> None:
        self.environment |= environment
        for name in names or PARTS:
            own = {"sessions": {"Q_CLUSTER_NAME": "sessions"}, "web": {"DEBUG": "false"}}.get(name, {})
            with (self.root / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    self._web() if name == "web" else [sys.executable, "manage.py", *PARTS[name]],
                    cwd=ROOT,
                    env=os.environ | self.environment | own,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    process_group=0,
                )

    def start_web(self) -> None:
        """The web server as it runs in production: failures are pages, not traces."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.web_port = probe.getsockname()[1]
        self.start("web")

    def restart_what_ended(self) -> None:
        """As a supervisor of the host does: what has ended is started again a second later."""
        for name, process in self.processes.items():
            if process.poll() is None:
                self.ended_at.pop(name, None)
            elif time.monotonic() - self.ended_at.setdefault(name, time.monotonic()) > RESTARTED_AFTER:
                self.restarts += 1
                del self.ended_at[name]
                self.start(name)

    def keep(self) -> None:
        """Leave the logs behind, since something was wrong."""
        self.is_kept = True
        print(f"See {self.root}", file=sys.stderr)

    def workers(self, name: str) -> list[int]:
        return [pid for guard in children(self.processes[name].pid) for pid in children(guard)]

    def _web(self) -> list[str]:
        place = ("--bind", f"127.0.0.1:{self.web_port}", "--worker-class", "gthread", "--threads", "8")
        return [sys.executable, "-m", "gunicorn", "config.wsgi", *place, "--no-control-socket"]

    def _environment(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENV_FILE": os.devnull,
            "DEBUG": "true",
            "SECRET_KEY": "of-these-rounds-" + "5ecre7" * 8,
            "FERNET_KEYS": "fields-of-these-rounds-" + "f1e1d" * 8,
            "DATABASE_URL": self.url,
            "GITHUB_API_URL": self.hub.api_url,
            "GITHUB_WEB_URL": self.hub.web_url,
            "AUTOWRKERS_WORKSPACE_ROOT": str(self.root / "workspace"),
            "AUTOWRKERS_LOG_ROOT": str(self.root / "logs"),
            "AUTOWRKERS_AGENT_SLOTS": str(self.slots),
            "PYTHONUNBUFFERED": "1",
        }

    def _sql(self, statement: str) -> None:
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def some(rng: Random, values: list[Any]) -> Any:
    return rng.choice(values) if values else None
