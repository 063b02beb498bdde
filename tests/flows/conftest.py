"""Whole stories: a project on the stand-in, a scripted agent, and the loop driven in this process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid

import pytest
from django.utils import timezone

from automation.demo import origin, story
from automation.models import Effect
from automation.pipeline import advance
from automation.tend import tend
from issues.models import IssueSession
from projects.models import Project
from tests.faults.matrix import PROOFS
from tests.flows.workers import ROOT, product_environment
from tests.linking import link
from tests.sharing import keep_few_cases

FIX = [{"write": {"NOTES": "fixed\n"}}, {"commit": "Fix it"}]
CHECK = "grep -qs fixed NOTES || { echo FAILED: not fixed; exit 1; }"


def pytest_collection_modifyitems(config, items):
    keep_few_cases(config, items, "tests/flows/", most=2, whole=PROOFS)


class Story:
    """Drives a linked project: `run` does what clock and queue would, in order and at once."""

    def __init__(self, hub, project, script):
        self.hub, self.project, self.script = hub, project, script
        self.repo = project.github_repo

    def agent(self, *rules, **values):
        self.script.write_text(json.dumps({"pace": 0, "rules": list(rules)} | values))

    def issue(self, title="median() is wrong", body="See calc/averages.py", **values):
        return self.hub.create_issue(self.repo, title, body, **values)

    def session(self, number):
        return IssueSession.objects.get(project=self.project, github_issue_number=number)

    def run(self, rounds=1):
        for _ in range(rounds):
            mine = Project.objects.filter(pk=self.project.pk)
            mine.update(retry_at=None, sync_requested_at=timezone.now())
            assert tend(self.project.pk)
            handed_over = IssueSession.objects.filter(enqueued_at__isnull=False, queued_at__isnull=False)
            for pk in handed_over.values_list("pk", flat=True):
                advance(pk)
                IssueSession.objects.filter(pk=pk).update(enqueued_at=None)

    def later(self, rounds=1):
        """Go on when every pause is over."""
        for _ in range(rounds):
            IssueSession.objects.update(not_before=None)
            Effect.objects.update(not_before=None)
            self.run()

    def change(self, **values):
        """Change the project as a person would between two ticks."""
        Project.objects.filter(pk=self.project.pk).update(**values)
        self.project.refresh_from_db()

    def project_error(self):
        self.project.refresh_from_db()
        return self.project.error_code

    def reasons(self, number):
        """The reason of every event of a session, oldest first."""
        return list(self.session(number).events.order_by("id").values_list("reason", flat=True))

    def push(self, branch, files, *, start="main"):
        """A person pushes a commit to a branch of the repository."""
        bare = self.hub.repository(self.repo).bare
        stream = f"commit refs/heads/{branch}\ncommitter Ann <ann@example.com> 1767900000 +0000\n"
        parent = bare.resolve(branch) or bare.resolve(start)
        stream += "data 7\nBy hand\n" + (f"from {parent}\n" if parent else "")
        for path, content in files.items():
            stream += f"M 100644 inline {path}\ndata {len(content.encode())}\n{content}\n"
        bare.git("fast-import", "--quiet", "--force", stdin=stream.encode())
        return bare.resolve(branch)

    def comments(self, number):
        return [c for c in self.hub.comments(self.repo, number) if c.author == "autowrkers-bot"]

    def branches(self):
        return sorted(self.hub.repository(self.repo).bare.branches())

    def footprint(self, numbers):
        """All that the product may leave on GitHub."""
        return self.branches(), len(self.hub.pulls(self.repo)), [len(self.comments(n)) for n in numbers]


@pytest.fixture
def tale(hub, settings, token, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    script = tmp_path / "agent.json"
    script.write_text(story.agent_script())
    project = link(
        hub,
        settings,
        token,
        agent_command=str(script),
        automation_enabled=True,
        auto_start=True,
        max_concurrent=3,
        **story.COMMANDS,
    )
    settings.AUTOWRKERS_AGENT_SLOTS = 3
    return Story(hub, project, script)


@pytest.fixture
def plain(tale):
    """A story with one quick check, and an agent that passes it."""
    tale.agent({"steps": FIX})
    tale.change(lint_command="", build_command="", verification_command=CHECK)
    return tale


@pytest.fixture
def neighbour(plain, settings, tmp_path):
    """Another project on the same hub, with a token and an issue of its own. It must always get its pull request."""
    token = "ghp_neighbour" + "0" * 27
    plain.hub.grant(token, "autowrkers-bot")
    origin.fill(plain.hub.create_repository("acme/tools").bare)
    script = tmp_path / "neighbour.json"
    project = link(
        plain.hub,
        settings,
        token,
        name="tools",
        github_repo="acme/tools",
        agent_command=str(script),
        automation_enabled=True,
        auto_start=True,
        verification_command=CHECK,
    )
    neighbour = Story(plain.hub, project, script)
    neighbour.agent({"steps": FIX})
    number = neighbour.issue()
    yield neighbour
    neighbour.run()
    assert (neighbour.session(number).status, neighbour.project_error()) == ("pr_created", "")


@pytest.fixture
def seconds():
    """How long the agent sleeps: a number that no other process, of no other test, has in its command line."""
    return 7_000_000 + uuid.uuid4().int % 1_000_000


@pytest.fixture
def manage(settings):
    """`manage(*arguments, **environment)` starts a command of the product."""
    started = []

    def start(*arguments, **environment):
        env = product_environment(settings) | environment
        pipe = subprocess.PIPE
        argv = [sys.executable, "manage.py", *arguments]
        process = subprocess.Popen(
            argv, cwd=ROOT, env=env, stdout=pipe, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
