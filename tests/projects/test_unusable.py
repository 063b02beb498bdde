"""What could never work is refused where it is typed: API, settings page and link page keep one rule."""

from __future__ import annotations

import pytest

from projects.models import Project
from tests.factories import create_credential, create_project
from tests.projects.test_names import boss, by_api, by_form, by_link_page

__all__ = ["boss"]
pytestmark = pytest.mark.django_db
TEMPLATES = ["", "fixer {nope}", 'fixer "unclosed']
TOKENS = ["not a token", "tökén", "ghp_x\ty"]


@pytest.mark.parametrize("ask", [by_api, by_form, by_link_page])
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_that_no_attempt_could_run_is_refused(boss, ask, template):
    assert ask(boss, None, agent="command", agent_command=template)["agent_command"]
    assert not Project.objects.exists()


@pytest.mark.parametrize("ask", [by_api, by_form])
def test_the_command_agent_is_not_chosen_without_its_template(boss, ask):
    refused = ask(boss, create_project(), agent="command")
    assert "command is empty" in str(refused["agent_command"])


def test_a_template_that_is_stored_already_does_not_stand_in_the_way(boss):
    project = create_project(agent="command", agent_command="fixer {nope}")
    answer = boss.api.patch(f"/api/projects/{project.pk}", {"max_concurrent": 3})
    assert answer.status_code == 200


@pytest.mark.parametrize("ask", [by_api, by_form, by_link_page])
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_that_no_request_could_carry_is_refused(boss, ask, token):
    assert ask(boss, None, github_token=token)["github_token"]
    assert not Project.objects.exists()


@pytest.mark.parametrize("ask", [by_api, by_form])
def test_a_refused_token_leaves_the_good_one(boss, ask):
    project = create_project(credential=create_credential("ghp_good"))
    assert ask(boss, project, github_token="not a token")["github_token"]
    project.refresh_from_db()
    assert project.credential.reveal() == "ghp_good"
