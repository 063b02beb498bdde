"""Settings lead back to the board; archiving is called by one word and says with counts what becomes of what."""

from __future__ import annotations

import re

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from projects.models import Project, Role
from tests.factories import create_project, create_session, create_superuser, create_user
from tests.projects.admin_forms import page, save, settings_path

pytestmark = [pytest.mark.django_db, pytest.mark.services]


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


def board(project):
    return reverse("admin:board", args=[project.pk])


def words_of(answer):
    text = re.sub(r"<[^>]+>", "", answer.content.decode().split("</header>")[1])
    return " ".join(text.split())


def test_save_leads_to_the_board_and_save_and_continue_stays(boss):
    project = create_project()
    assert save(boss, project, max_concurrent=3)["Location"] == board(project)
    assert save(boss, project, max_concurrent=2, _continue="1")["Location"] == settings_path(project)
    assert Project.objects.get().max_concurrent == 2


def test_settings_can_be_left_without_a_change(boss):
    project = create_project()
    assert (
        f'<a href="{board(project)}" class="closelink">Cancel</a>'
        in boss.get(settings_path(project)).content.decode()
    )


def test_who_may_only_look_is_led_back_to_the_board(client):
    project = create_project()
    client.force_login(create_user(Role.VIEWER, project=project, is_staff=True))
    text = client.get(settings_path(project)).content.decode()
    assert f'<a href="{board(project)}" class="closelink">Back to the board</a>' in text
    assert "Archive" not in text


def test_archiving_is_called_by_one_word(boss):
    project = create_project(name="calc")
    settings = words_of(boss.get(settings_path(project))).replace("Role Delete?", "")
    question = boss.get(page(Project, "delete", project.pk))
    answer = boss.post(page(Project, "delete", project.pk), {"post": "yes"})
    said = " ".join(str(message) for message in get_messages(answer.wsgi_request))
    for text in (settings, words_of(question), said):
        assert "rchive" in text
        assert "elete" not in text
    assert "<title>Archive | " in question.content.decode()
    assert answer["Location"] == reverse("admin:index")
    assert Project.objects.get().archived_at is not None


def test_the_question_says_with_counts_what_becomes_of_what(boss):
    project = create_project()
    create_session(project=project, status="in_progress")
    create_session(project=project, status="pr_created", step="follow", pr_number=1, pr_state="open")
    create_session(project=project, status="pr_created", step="follow", pr_number=2, pr_state="open")
    text = words_of(boss.get(page(Project, "delete", project.pk)))
    assert "Running sessions are stopped: 1 begun, 0 queued." in text
    assert "2 stay open and are not followed any longer. Nothing changes on GitHub." in text
    assert "3 sessions, with attempts and events, are kept, but not shown on any page." in text
    assert "Stored secrets and the workspace go, except secrets that another project uses." in text
    assert "There is no way back" in text
