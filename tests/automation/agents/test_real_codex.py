"""The real Codex in our sandbox, its model played by the scripted model server."""

from __future__ import annotations

import pytest

from automation.agents.codex import SUPPORTED_VERSION
from tests.automation.agents.real_cli import require
from tests.modelserver.server import ModelServer

pytestmark = pytest.mark.real_cli
KEY = "not-a-real-key"


@pytest.fixture
def codex(place):
    command = require("AUTOWRKERS_CODEX_COMMAND")

    def run(prompt, url, key=KEY, **fields):
        environment = {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": key}
        return place.run("codex", command, prompt, environment=environment, model="gpt-5.3-codex", **fields)

    return run


def test_it_fixes_commits_and_takes_its_thread_up_again(place, codex):
    with ModelServer.from_file("fix_bug", api_key=KEY) as server:
        first = codex("Fix issue #7", server.url)
        prior = {"prior_input_tokens": first.input_tokens, "prior_output_tokens": first.output_tokens}
        second = codex(
            "Is issue #7 fixed?", server.url, session_id=first.agent_session_id, resume=True, **prior
        )
    assert server.failures == []
    assert (first.outcome, first.marker, first.version) == ("done", "complete", SUPPORTED_VERSION)
    assert first.turns == 4
    assert first.cost_usd is None
    assert place.git("log", "-1", "--format=%s").strip() == "Sum every value (fixes #7)"
    assert place.git("status", "--porcelain") == ""
    assert (second.outcome, second.agent_session_id) == ("done", first.agent_session_id)
    assert 0 < second.input_tokens < first.input_tokens
    assert 0 < second.output_tokens < 50


def test_a_thread_that_does_not_exist_is_lost(codex):
    with ModelServer.from_file("fix_bug") as server:
        lost = codex("Fix", server.url, session_id="824b4541-9829-4310-b023-51ba8f812d9f", resume=True)
    assert lost.outcome == "session_lost"


def test_a_wrong_key_is_told_apart(codex):
    with ModelServer.from_file("fix_bug", api_key=KEY) as server:
        assert codex("Fix issue #7", server.url, key="wrong").outcome == "auth"


@pytest.mark.parametrize(
    ("prompt", "outcome"),
    [("RATE-LIMIT-ALWAYS", "rate_limit"), ("OVERLOADED-ALWAYS", "overloaded"), ("NO-CREDIT", "usage_limit")],
)
def test_what_its_model_answers_is_told_apart(codex, prompt, outcome):
    with ModelServer.from_file("faults") as server:
        assert codex(prompt, server.url).outcome == outcome


def test_the_runner_ends_it_at_its_limit_of_turns(codex):
    with ModelServer.from_file("faults") as server:
        assert codex("ENDLESS-LOOP", server.url, max_turns=3).outcome == "turn_limit"


def test_a_model_that_cannot_be_reached_is_not_its_fault(codex):
    assert codex("Hello", "http://127.0.0.1:9", silence_seconds=4).outcome == "model_error"
