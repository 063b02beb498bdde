"""The examples of docs/integrator.md work as pasted."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from automation.reasons import REASONS
from config.described import EXAMPLES as PROBLEMS
from projects.models import Role
from tests.factories import (
    api_client,
    create_membership,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "integrator.md").read_text(encoding="utf-8")
ERROR = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
TOKEN, SETTINGS, *EXAMPLES = SHELL.findall(TEXT)


@pytest.fixture
def pasted(live_server):
    """Run an example as it stands, with the settings that its reader has to make."""
    project = create_project()
    create_session(project=project, github_issue_number=131)
    create_session(project=project, status="failed")
    ann = create_user(username="ann")
    create_membership(project=project, user=ann, role=Role.MANAGER)
    words = shlex.split(TOKEN)[2:]
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    wanted = {
        "AUTOWRKERS_URL": live_server.url,
        "AUTOWRKERS_TOKEN": out.getvalue().strip(),
        "PROJECT": project.pk,
        "ISSUE": 131,
    }
    assert re.findall(r"export (\w+)=", SETTINGS) == list(wanted)
    exports = "".join(f"export {name}={value}\n" for name, value in wanted.items())

    def paste(example):
        line = ["bash", "-euo", "pipefail", "-c", exports + example]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    return paste


def test_the_examples_work_as_pasted(pasted):
    assert len(EXAMPLES) == 5
    answers = [pasted(example) for example in EXAMPLES]
    assert [(done.returncode, done.stderr) for done in answers] == [(0, "")] * 5, answers
    failed, synced, started, changed, events = (json.loads(done.stdout) for done in answers)
    assert [row["status"] for row in failed["results"]] == ["failed"]
    assert synced["id"] == changed["id"]
    assert started["created"] is True
    assert changed["max_concurrent"] == 2
    assert events["results"]
    assert events["has_more"] is False


def test_a_start_that_is_sent_again_gets_the_first_answer(pasted):
    first, second = pasted(EXAMPLES[2]), pasted(EXAMPLES[2])
    assert json.loads(first.stdout) == json.loads(second.stdout)


@pytest.mark.django_db
def test_the_error_that_is_shown_is_one_that_is_answered():
    (shown,) = (json.loads(block) for block in ERROR.findall(TEXT))
    reason = shown["current"]["reason"]
    assert reason in REASONS
    session = create_session(status="failed", step="verify", reason=reason)
    answer = api_client(create_superuser()).post(f"/api/issue-sessions/{session.pk}/stop").json()
    assert answer | {"request_id": "…"} == shown
    assert answer == answer | PROBLEMS[409]
