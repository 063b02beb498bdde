"""Real agent CLIs whose worker ends in the middle of their work: the next worker takes their conversation up again."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.db.models import F

from automation.pipeline import advance
from automation.tend import tend
from issues.models import Attempt, IssueSession
from issues.states import Status
from projects.workspace import folders
from tests.automation.agents.real_cli import require
from tests.flows.workers import ROOT, eventually, processes_with, product_environment
from tests.modelserver.scenario import parse_scenarios
from tests.modelserver.server import ModelServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_cli]
KEY = "canary-model-key-7f3a9c"
CLAUDE = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "{url}"}
CODEX = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "{url}/v1"}
WORKER = """
import django; django.setup()
import signal
from automation import draining
from automation.pipeline import advance
signal.signal(signal.SIGTERM, lambda *_: draining.begin(0))
print(advance({pk}))
"""


def scenarios(seconds):
    """First a half of the work and then a long command; told to go on, and remembering that half, the rest."""
    half = "echo half > HALF && git add HALF && git commit -qm 'A half' && echo HALF-'IS'-DONE"
    rest = "echo rest > REST && git add REST && git commit -qm 'The rest' && echo REST-'IS'-DONE"
    long = {"shell": f"python3 -c 'import time; time.sleep({seconds})'", "description": "Wait"}
    begin = [{"tool": {"shell": half, "description": "A half"}}, {"tool": long}]
    go_on = [{"tool": {"shell": rest, "description": "The rest"}}, {"text": "All is done.\n\n/complete"}]
    return parse_scenarios(
        {
            "scenarios": [
                {
                    "name": "go on",
                    "match": "(?s)HALF-IS-DONE.*You were interrupted",
                    "step_by": "requests",
                    "steps": go_on,
                },
                {"name": "begin", "match": "median", "on_end": "repeat_last", "steps": begin},
            ]
        }
    )


def is_remembered(words, home):
    """Whether the agent has written them down: it writes its conversation a moment after it goes on."""
    return any(words in path.read_bytes() for path in home.rglob("*.jsonl"))


@pytest.mark.parametrize(
    ("agent", "command", "environment", "number"),
    [
        pytest.param("claude_code", "CLAUDE", CLAUDE, signal.SIGTERM, id="Claude Code, handed over"),
        pytest.param("claude_code", "CLAUDE", CLAUDE, signal.SIGKILL, id="Claude Code, worker killed"),
        pytest.param("codex", "CODEX", CODEX, signal.SIGKILL, id="Codex, worker killed"),
    ],
)
def test_the_next_worker_resumes_the_conversation(
    tale, settings, monkeypatch, agent, command, environment, number
):
    require(f"AUTOWRKERS_{command}_COMMAND")
    seconds = 7_000_000 + uuid.uuid4().int % 1_000_000
    settings.AUTOWRKERS_AGENT_ENV = list(environment)
    monkeypatch.setenv("AUTOWRKERS_AGENT_ENV", ",".join(environment))
    tale.change(
        agent=agent, agent_command="", lint_command="", build_command="", verification_command="cat HALF REST"
    )
    tale.change(agent_model="gpt-5.3-codex" if agent == "codex" else "")
    issue = tale.issue()
    tend(tale.project.pk)
    session = tale.session(issue)
    with ModelServer(scenarios(seconds), api_key=KEY) as model:
        for name, value in environment.items():
            monkeypatch.setenv(name, value.format(url=model.url))
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER.format(pk=session.pk)], cwd=ROOT, env=product_environment(settings)
        )
        eventually(lambda: processes_with(f"time.sleep({seconds})") or worker.poll() is not None, seconds=60)
        eventually(lambda: is_remembered(b"HALF-IS-DONE", folders.home_path(session.pk)), seconds=20)
        worker.send_signal(number)
        worker.wait(timeout=20)
        eventually(lambda: not processes_with(str(seconds)), seconds=10)
        IssueSession.objects.update(lease_until=F("lease_until") - timedelta(seconds=60))
        assert advance(session.pk)
    assert model.failures == []
    session.refresh_from_db()
    assert (session.status, session.attempts, session.last_error) == (Status.PR_CREATED, 0, "")
    first, second = session.attempt_rows.order_by("number")
    ended = {signal.SIGTERM: "handed_over", signal.SIGKILL: "worker_lost"}[number]
    assert (first.outcome, first.counted) == (ended, False)
    assert (second.kind, second.outcome) == (Attempt.Kind.RESUME, "done")
    assert second.agent_session_id == first.agent_session_id != ""
    bare = tale.hub.repository("acme/calc").bare
    assert bare.git("log", "--format=%s", f"{session.base_sha}..{session.head_sha}").split("\n")[:2] == [
        "The rest",
        "A half",
    ]
