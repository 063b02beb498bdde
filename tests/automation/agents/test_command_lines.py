"""What each adapter starts: arguments, environment and files."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from automation.agents.base import Ending
from automation.agents.events import Digest, Text
from automation.agents.registry import get_adapter
from projects.errors import OperatorError
from tests.automation.agents.test_recorded_lines import make_task


def build(adapter: str, **fields):
    return get_adapter(adapter).build(make_task(**fields))


def has_option(argv, name, value):
    return (name, value) in zip(argv, argv[1:], strict=False)


def test_claude_code_gets_its_limits_and_the_chosen_session():
    launch = build("claude_code", model="m", max_turns=9, max_cost_usd=Decimal("1.50"), session_id="s")
    options = {"--model": "m", "--max-turns": "9", "--max-budget-usd": "1.50", "--session-id": "s"}
    assert all(has_option(launch.argv, name, value) for name, value in options.items())
    assert launch.stdin == b"Fix it"
    assert "Fix it" not in launch.argv
    assert launch.env["CLAUDE_CODE_MAX_RETRIES"] == "2"


def test_claude_code_takes_up_a_session_by_its_id():
    argv = build("claude_code", session_id="s", resume=True).argv
    assert has_option(argv, "--resume", "s")
    assert "--session-id" not in argv


def test_claude_code_runs_nothing_of_the_repositorys_own_settings():
    argv = build("claude_code").argv
    assert has_option(argv, "--setting-sources", "user")
    assert "--strict-mcp-config" in argv


def test_permissions_are_skipped_within_walls_only():
    free, walled = build("claude_code", sandboxed=False), build("claude_code", sandboxed=True)
    assert "--dangerously-skip-permissions" in walled.argv
    assert walled.env["IS_SANDBOX"] == "1"
    assert "--dangerously-skip-permissions" not in free.argv
    assert "IS_SANDBOX" not in free.env
    assert has_option(free.argv, "--permission-mode", "acceptEdits")
    bypass = "--dangerously-bypass-approvals-and-sandbox"
    assert bypass in build("codex", sandboxed=True).argv
    assert bypass not in build("codex", sandboxed=False).argv


def test_codex_is_configured_for_the_server_that_the_environment_names():
    url = 'http://127.0.0.1:1/v1"\\'
    launch = build("codex", environment={"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "k"})
    config = tomllib.loads(launch.files[".codex/config.toml"].decode())
    provider = config["model_providers"][config["model_provider"]]
    assert (provider["base_url"], provider["wire_api"]) == (url, "responses")
    assert provider["env_key"] == "OPENAI_API_KEY"
    assert b'"k"' not in launch.files[".codex/config.toml"]
    assert launch.env["CODEX_HOME"] == "/home/agent/.codex"
    assert "model_provider" not in tomllib.loads(build("codex").files[".codex/config.toml"].decode())


def test_codex_takes_up_a_thread_by_its_id():
    assert build("codex", resume=True, session_id="t").argv[:3] == ("agent", "exec", "resume")
    assert build("codex", resume=True, session_id="t").argv[-2:] == ("t", "-")
    assert "t" not in build("codex", session_id="t").argv


def test_a_template_is_split_before_it_is_filled_so_values_stay_single_words():
    template = "aider --message-file {prompt_file} --model='{model}' {work_dir}"
    launch = build("command", command=template, model="a b; rm -rf $HOME")
    assert launch.argv == (
        *("aider", "--message-file", "/home/agent/prompt.md"),
        *("--model=a b; rm -rf $HOME", "/repository"),
    )
    assert launch.files == {"prompt.md": b"Fix it"}


def test_a_value_that_looks_like_a_placeholder_is_not_filled_again():
    assert build("command", command="a {model}", model="{prompt_file}").argv == ("a", "{prompt_file}")


@pytest.mark.parametrize(
    "template", ["", "  ", "agent 'unclosed", "agent {prompt}", "agent {prompt_file} {home}"]
)
def test_a_wrong_template_is_the_operators_to_correct(template):
    with pytest.raises(OperatorError) as caught:
        build("command", command=template)
    assert caught.value.code == "agent.bad_template"
    assert "{prompt_file}" in caught.value.remedy


def test_git_alone_judges_a_command_so_any_exit_is_done():
    adapter = get_adapter("command")
    digest = Digest()
    for line in (b"working", b"", b"/needs-human: Which?"):
        for event in adapter.parse(line):
            digest.add(event)
    assert adapter.finish(make_task(), digest, Ending(7, "exit")).outcome == "asked"
    assert adapter.finish(make_task(), Digest(last_text="hm"), Ending(1, "exit")).outcome == "done"
    assert adapter.finish(make_task(), Digest(last_text="hm"), Ending(-9, "silence")).outcome == "stalled"
    assert adapter.parse(b"words\n") == (Text("words"),)


def test_the_scripted_agent_brings_its_program_and_script_along():
    launch = build("scripted", command="/srv/story.json", session_id="s")
    assert launch.files[".scripted/script.json"] == Path("/srv/story.json")
    assert launch.files[".scripted/agent.py"].name == "scripted_agent.py"
    assert launch.argv[-1] == "s"


def test_an_unknown_agent_is_named_with_the_known_ones():
    with pytest.raises(OperatorError) as caught:
        get_adapter("copilot")
    assert "claude_code, codex, command, scripted" in caught.value.remedy
