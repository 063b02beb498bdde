"""Data pages show text from outside as the board does: without what nobody sees, turns lines round or is secret."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from automation.templatetags.lines import all_lines
from issues.models import Attempt, IssueSession, SessionEvent
from projects.models import AuditEvent, Project
from tests.factories import create_attempt, create_project, create_result, create_session, create_superuser
from verification.models import VerificationResult

pytestmark = pytest.mark.django_db
EVIL = "Pay \u202eevil\u202c \x1b[31mred\x1b[0m\u200b \x07now \x1b]open"
RAW = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\x00-\x08\x0b\x0c\x0e-\x1f]")
MODELS = [IssueSession, Attempt, SessionEvent, VerificationResult, Project, AuditEvent]


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


@pytest.fixture
def evil():
    project = create_project(name="payments", error_code="x", error_message=EVIL)
    session = create_session(
        project=project, github_issue_title=EVIL, github_issue_body=EVIL, last_error=EVIL
    )
    create_attempt(session, summary=EVIL, message=EVIL)
    create_result(session, name=EVIL, output=EVIL)
    SessionEvent.objects.create(issue_session=session, actor=EVIL, verb="moved", message=EVIL)
    AuditEvent.objects.create(actor=EVIL, verb="x", subject=EVIL, project=project)
    Project.objects.update(name=EVIL)


def page(client, model, action, *args):
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def not_typed(text):
    return re.sub(r"<input [^>]*type=\"text\"[^>]*>|<textarea.*?</textarea>", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_records_show_nothing_invisible(boss, evil, model):
    row = model.objects.first()
    for text in (page(boss, model, "changelist"), page(boss, model, "change", row.pk)):
        assert RAW.findall(not_typed(text)) == []
        assert text.rstrip().endswith("</html>")
        assert "<footer" in text


def test_the_page_that_asks_before_a_project_goes_shows_nothing_invisible(boss, evil):
    text = page(boss, Project, "delete", Project.objects.get().pk)
    assert RAW.findall(text) == []


def test_what_a_form_edits_stays_as_it_is_stored():
    form = '<input type="text" value="a\u200bb"><textarea>\u202ec</textarea><p>d\u200be</p>'
    assert all_lines(form) == form.replace("d\u200be", "de")


def test_an_escape_sequence_without_an_end_ends_with_its_text():
    assert all_lines("<td>a\x1b]b</td><td>c</td>") == "<td>a</td><td>c</td>"


def test_a_secret_in_a_title_is_masked(boss):
    create_session(github_issue_title="Leak ghp_" + "a1" * 18)
    text = page(boss, IssueSession, "changelist")
    assert "ghp_" not in text
    assert "Leak [redacted]" in text
