"""What one session costs outside its agent and its checks, beside bare git doing the same to the same repository.

Twice: the first session of a project fetches everything, a later one finds the mirror filled.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.test.utils import override_settings

from automation.demo.github import StandIn
from automation.demo.github.bare import GIT_ENVIRONMENT, BareRepository
from issues.models import IssueSession
from issues.states import Status
from projects.connection import mirror_of
from projects.models import Project
from tests.benchmarks.figures import Figure, Goal
from tests.factories import create_session
from tests.linking import link

REPOSITORY = "acme/large"
TOKEN = "ghp_benchmark" + "0" * 27
FILES = 2_000
REPETITIONS = 7
GOAL = Goal("ratio", 2)
BODY = "`compute_total()` answers 3 for an empty list. See src/package_7/module_7.py."
EDIT = {"src/package_7/module_7.py": "def value_7():\n    return 0\n"}
SCRIPT = {"rules": [{"steps": [{"write": EDIT}, {"commit": "Answer nothing for an empty list"}]}]}


def measure() -> list[Figure]:
    with (
        TemporaryDirectory(prefix="autowrkers-bench-") as name,
        StandIn({TOKEN: "autowrkers-bot"}, root=Path(name, "github"), record=False) as hub,
        override_settings(
            AUTOWRKERS_WORKSPACE_ROOT=Path(name, "workspace"), AUTOWRKERS_LOG_ROOT=Path(name, "logs")
        ),
    ):
        folder = Path(name)
        fill(hub.create_repository(REPOSITORY).bare)
        script = folder / "agent.json"
        script.write_text(json.dumps(SCRIPT))
        project = link(
            hub,
            settings,
            TOKEN,
            github_repo=REPOSITORY,
            agent_command=str(script),
            lint_command="true",
            test_command="true",
        )
        bare = BareGit(folder / "bare", f"{hub.web_url}/{REPOSITORY}.git")

        def first_session() -> float:
            shutil.rmtree(project.mirror_path, ignore_errors=True)
            return overhead(hub, project)

        def warmed_session() -> float:
            shutil.rmtree(project.mirror_path, ignore_errors=True)
            mirror_of(project).fetch()  # as hosts do ahead of time
            return overhead(hub, project)

        def first_floor() -> float:
            shutil.rmtree(bare.mirror, ignore_errors=True)
            return bare.play()

        return [
            _compare("first session of a project, without agent and checks", first_session, first_floor),
            _compare("the same, its mirror made ahead", warmed_session, bare.play),
            _compare("a later session, without agent and checks", lambda: overhead(hub, project), bare.play),
        ]


def fill(bare: BareRepository) -> None:
    """2,000 source files of a few kilobytes in one commit, always the same."""
    words = random.Random(2_000)
    stream = bytearray(b"commit refs/heads/main\ncommitter Alice <alice@example.com> 1767225600 +0000\n")
    stream += _data("Start\n")
    for number in range(FILES):
        lines = (f"    total = total * {words.getrandbits(32)} + {number}\n" for _ in range(60))
        content = f"def value_{number}():\n    total = 0\n{''.join(lines)}    return total\n"
        stream += f"M 100644 inline src/package_{number % 50}/module_{number}.py\n".encode() + _data(content)
    bare.git("fast-import", "--quiet", stdin=bytes(stream))


def overhead(hub: StandIn, project: Project) -> float:
    """Seconds of one session through `run_session` that neither its agent nor its checks took."""
    number = hub.create_issue(REPOSITORY, "Wrong total of an empty list", BODY)
    session = create_session(
        project=project, github_issue_number=number, github_issue_title="Wrong total", github_issue_body=BODY
    )
    began = time.perf_counter()
    call_command("run_session", str(session.pk), stdout=StringIO(), stderr=StringIO())
    seconds = time.perf_counter() - began
    session = IssueSession.objects.get(pk=session.pk)
    assert session.status == Status.PR_CREATED, session.last_error
    agent = sum((row.ended_at - row.started_at).total_seconds() for row in session.attempt_rows.all())
    checks = sum(row.duration_ms for row in session.verification_results.all()) / 1000
    return seconds - agent - checks


class BareGit:
    """The same steps as a session's, by git alone: fetch, clone, commit, fetch back, checkout, push."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.mirror, self.clone, self.checked = folder / "mirror", folder / "clone", folder / "checked"
        self.number = 0
        basic = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
        self.token = ("-c", f"http.extraHeader=Authorization: Basic {basic}")

    def play(self) -> float:
        self.number += 1
        for folder in (self.clone, self.checked):
            shutil.rmtree(folder, ignore_errors=True)
        began = time.perf_counter()
        self._play(f"floor-{self.number}")
        return time.perf_counter() - began

    def _play(self, branch: str) -> None:
        mirror, clone, checked = map(str, (self.mirror, self.clone, self.checked))
        if not self.mirror.exists():
            self._git("init", "-q", "--bare", mirror)
        self._git(*self.token, "-C", mirror, "fetch", "-q", self.url, "+refs/heads/*:refs/heads/*")
        self._git("clone", "-q", "--shared", "--branch", "main", mirror, clone)
        self._git("-C", clone, "checkout", "-q", "-b", branch)
        for name, content in EDIT.items():
            (self.clone / name).write_text(content + f"# {branch}\n")
        self._git("-C", clone, "add", "--all")
        self._git("-C", clone, "commit", "-qm", "Answer nothing for an empty list")
        self._git("-C", mirror, "fetch", "-q", clone, f"HEAD:refs/floor/{branch}")
        self._git("clone", "-q", "--shared", "--no-checkout", mirror, checked)
        head = (self.mirror / f"refs/floor/{branch}").read_text().strip()
        self._git("-C", checked, "checkout", "-q", "--detach", head)
        self._git(
            *self.token, "-C", mirror, "push", "-q", self.url, f"refs/floor/{branch}:refs/heads/{branch}"
        )

    def _git(self, *args: str) -> None:
        identity = ("-c", "user.name=Alice", "-c", "user.email=alice@example.com")
        subprocess.run(["git", *identity, *args], env=GIT_ENVIRONMENT, check=True)


def _compare(name: str, ours: Callable[[], float], floor: Callable[[], float]) -> Figure:
    """Medians of runs in turn, so that what else the machine does falls on both."""
    pairs = [(ours(), floor()) for _ in range(REPETITIONS)]
    return Figure(name, median(own for own, _ in pairs), "s", median(bare for _, bare in pairs), GOAL)


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"
