"""The main job on real input: real agent CLIs fix a real bug of a published package, whose suite is the check.

Only their model is scripted. Repository, push, pull request, sandbox, checks and the package are as in use.
"""

from __future__ import annotations

import pytest

from issues.states import Status
from tests.automation.agents.real_cli import require
from tests.flows import model_scripts, published_package
from tests.flows.conftest import Story
from tests.flows.published_package import BROKEN_TEST, NEW_TEST, REPOSITORY, TEST_COMMAND
from tests.linking import link
from tests.modelserver.server import ModelServer
from verification.models import VerificationResult

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_cli]
KEY = "canary-model-key-7f3a9c"
CLAUDE = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "{url}"}
CODEX = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "{url}/v1"}
SHOW_ENVIRONMENT = "env | sort"
# It also runs in the agent's clone, where its output is stored only when it fails: so it judges by itself.
SETUP = f"{SHOW_ENVIRONMENT}; ! env | grep -q -e ANTHROPIC -e OPENAI -e '{KEY}'"


@pytest.fixture
def play(hub, settings, token, tmp_path, monkeypatch):
    """`play(agent, command setting, environment, scenarios)` runs the issue until its pull request is there."""
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path / "workspace"
    settings.AUTOWRKERS_LOG_ROOT = tmp_path / "logs"
    published_package.fill(hub.create_repository(REPOSITORY).bare)
    number = hub.create_issue(REPOSITORY, published_package.TITLE, published_package.BODY, labels=["bug"])

    def play(agent, environment, scenarios, **values):
        settings.AUTOWRKERS_AGENT_ENV = list(environment)
        project = link(
            hub,
            settings,
            token,
            name="parse",
            github_repo=REPOSITORY,
            agent=agent,
            automation_enabled=True,
            auto_start=True,
            setup_command=SETUP,
            test_command=TEST_COMMAND,
            custom_checks=[{"name": "environment", "command": SHOW_ENVIRONMENT}],
            **values,
        )
        story = Story(hub, project, None)
        with ModelServer(scenarios, api_key=KEY) as model:
            for name, value in environment.items():
                monkeypatch.setenv(name, value.format(url=model.url))
            story.run()
        assert model.failures == []
        return story, story.session(number)

    return play


def check_rows(session, **values):
    return VerificationResult.objects.filter(issue_session=session, **values)


def assert_published(story, session):
    """A branch with the fix, one pull request with what was checked, one comment, no key in any check."""
    assert (session.status, session.last_error) == (Status.PR_CREATED, "")
    [pr] = story.hub.pulls(REPOSITORY)
    body = story.hub.issue(REPOSITORY, session.pr_number).body
    assert pr.number == session.pr_number
    assert f"Fixes #{session.github_issue_number}" in body
    assert TEST_COMMAND in body
    [comment] = story.hub.comments(REPOSITORY, session.github_issue_number)
    assert f"PR #{pr.number}" in comment.body
    bare = story.hub.repository(REPOSITORY).bare
    assert bare.branches() == {"main": session.base_sha, session.branch_name: session.head_sha}
    changed = bare.git("diff", "--name-only", session.base_sha, session.head_sha).split()
    assert changed == [published_package.MODULE, published_package.TESTS]
    kinds = set(check_rows(session, head_sha=session.head_sha).values_list("check_type", "passed"))
    assert kinds == {("setup", True), ("test", True), ("smoke", True), ("custom", True)}
    suite = check_rows(session, head_sha=session.head_sha).get(check_type="test")
    assert "Ran 78 tests" in suite.output
    shown = "".join(check_rows(session, check_type__in=["setup", "custom"]).values_list("output", flat=True))
    assert "HOME=" in shown
    assert not [word for word in (KEY, "ANTHROPIC", "OPENAI") if word in shown]


def assert_merged(story, session):
    story.hub.merge(REPOSITORY, session.pr_number, by="alice")
    story.run()
    session.refresh_from_db()
    assert (session.status, session.merged_by, session.foreign_commits) == ("completed", "alice", False)
    assert story.hub.issue(REPOSITORY, session.github_issue_number).state == "closed"
    assert NEW_TEST in story.hub.repository(REPOSITORY).bare.git("show", "main:test_parse.py")


def test_claude_code_fixes_a_bug_of_a_published_package_and_it_is_merged(play):
    require("AUTOWRKERS_CLAUDE_COMMAND")
    story, session = play("claude_code", CLAUDE, model_scripts.claude_fixes())
    assert_published(story, session)
    attempt = session.attempt_rows.get()
    assert (attempt.outcome, attempt.counted, attempt.head_sha) == ("done", False, session.head_sha)
    assert attempt.input_tokens > 0
    assert attempt.output_tokens > 0
    assert attempt.cost_usd > 0
    assert_merged(story, session)


def test_claude_code_is_told_what_its_first_attempt_broke_and_mends_it(play):
    require("AUTOWRKERS_CLAUDE_COMMAND")
    story, session = play("claude_code", CLAUDE, model_scripts.claude_fixes_at_the_second_try())
    assert_published(story, session)
    first, second = session.attempt_rows.order_by("number")
    assert (first.kind, first.counted, second.kind, second.counted) == ("first", True, "retry", False)
    failed = check_rows(session, passed=False).get()
    assert (failed.attempt, failed.check_type, failed.head_sha) == (first, "test", first.head_sha)
    for told in (f"FAIL: {BROKEN_TEST}", "FAILED (failures=1)"):
        assert told in failed.output
        assert told in second.prompt
        assert told not in first.prompt
    assert_merged(story, session)


def test_codex_fixes_a_bug_of_a_published_package_and_it_is_merged(play):
    require("AUTOWRKERS_CODEX_COMMAND")
    story, session = play("codex", CODEX, model_scripts.codex_fixes(), agent_model="gpt-5.3-codex")
    assert_published(story, session)
    attempt = session.attempt_rows.get()
    assert (attempt.outcome, attempt.counted, attempt.head_sha) == ("done", False, session.head_sha)
    assert attempt.input_tokens > 0
    assert attempt.output_tokens > 0
    assert attempt.cost_usd is None  # Codex tells no price, and unknown is not zero
    assert_merged(story, session)
