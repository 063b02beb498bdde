"""The canary test: after a full run, secrets with known text are found nowhere they do not belong."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import threading
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.apps import apps
from django.conf import settings as django_settings

from automation.demo import story
from issues.states import Status
from tests.flows.workers import start_worker

pytestmark = pytest.mark.django_db(transaction=True)
MODEL_KEY = "model-key-canary-0123456789"
LOOK_AROUND = (
    "env; cat /proc/self/environ /proc/1/environ /proc/*/environ /proc/*/cmdline; cat .git/config ~/.gitconfig; "
    "ls -a / /root /home; cat .git/objects/info/alternates"
)
DIGEST = 'printf %s "$CANARY_MODEL_KEY" | sha256sum'


def spellings(secret):
    """How a secret may turn up: as it is, URL-encoded, as Basic authorization."""
    basic = base64.b64encode(f"x-access-token:{secret}".encode()).decode()
    return {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode(), basic}


class Sampler(threading.Thread):
    """Reads every process's arguments, again and again, as `ps` would."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.ended = set(), threading.Event()

    def run(self):
        while not self.ended.is_set():
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    try:
                        self.seen.add((entry / "cmdline").read_bytes())
                    except OSError:
                        continue
            time.sleep(0.001)


@pytest.fixture
def token():
    """Of this test alone: other tests run beside it, and their processes may show theirs."""
    return "ghp_canary" + "1" * 30


@pytest.fixture
def canaries(token):
    return {
        "token": token,
        "secret key": os.environ["SECRET_KEY"],
        "field key": os.environ["FERNET_KEYS"],
    }


@pytest.fixture
def nosy(tale, settings, monkeypatch):
    """An agent that fixes the median and prints all it can see of its surroundings."""
    monkeypatch.setenv("CANARY_MODEL_KEY", MODEL_KEY)
    rule = {"match": "median", "steps": [{"run": LOOK_AROUND}, {"run": DIGEST}, *story.FIX_MEDIAN]}
    tale.agent(rule)
    return tale.issue(story.MEDIAN.title, story.MEDIAN.body)


@pytest.fixture
def full_run(tale, nosy, settings, caplog):
    """The run in a worker of its own, with its output, its logs and all arguments that were seen meanwhile."""
    from automation.tend import tend

    caplog.set_level(logging.DEBUG)
    tend(tale.project.pk)
    sampler = Sampler()
    sampler.start()
    worker = start_worker(tale.session(nosy).pk, settings)
    output, _ = worker.communicate(timeout=120)
    sampler.ended.set()
    sampler.join()
    session = tale.session(nosy)
    assert session.status == Status.PR_CREATED, output
    tale.hub.merge("acme/calc", session.pr_number)
    tale.run()
    return {"output": output, "log": caplog.text, "argv": b"\n".join(sampler.seen).decode(errors="replace")}


def rows():
    """Every row of every table as text, but for the encrypted column itself."""
    for model in apps.get_models():
        for row in model._default_manager.values():
            yield model._meta.label, json.dumps(row, default=str)


def files(root):
    for path in Path(root).rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes().decode(errors="replace")


def test_no_secret_of_ours_is_found_anywhere_after_a_full_run(tale, nosy, full_run, canaries):
    places = [*full_run.items()]
    places += [(label, text) for label, text in rows() if label != "projects.Credential"]
    places += [(str(path), text) for path, text in files(django_settings.AUTOWRKERS_WORKSPACE_ROOT)]
    places += [(str(path), text) for path, text in files(django_settings.AUTOWRKERS_LOG_ROOT)]
    issues = tale.hub.issues("acme/calc") + tale.hub.pulls("acme/calc")
    places += [(f"#{issue.number}", f"{issue.title}\n{issue.body}") for issue in issues]
    places += [(f"comment on #{nosy}", comment.body) for comment in tale.comments(nosy)]
    assert len(places) > 50
    leaks = {
        (name, place)
        for place, text in places
        for name, secret in canaries.items()
        for spelling in spellings(secret)
        if spelling in text
    }
    assert leaks == set()


def test_the_stored_token_is_ciphertext(tale, token):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM projects_credential")
        [stored] = cursor.fetchone()
    assert token.encode() not in bytes(stored)


def test_the_agent_sees_the_model_key_named_for_it_and_setup_and_checks_do_not(tale, nosy, settings):
    settings.AUTOWRKERS_AGENT_ENV = ["CANARY_MODEL_KEY"]
    type(tale.project).objects.update(setup_command="env", verification_command="env")
    tale.run()
    session = tale.session(nosy)
    transcript = session.session.transcript_path.read_text()
    assert hashlib.sha256(MODEL_KEY.encode()).hexdigest() in transcript
    assert MODEL_KEY not in transcript
    outputs = "".join(session.verification_results.values_list("output", flat=True))
    assert "PATH=" in outputs
    assert MODEL_KEY not in outputs
