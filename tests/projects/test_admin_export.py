"""Lists as CSV: what the person sees, in plain and harmless values, and nothing of other teams."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from issues.models import SessionEvent
from projects import export
from projects.export import safe_cell
from projects.models import ApiToken, Credential, Role
from tests.factories import (
    create_attempt,
    create_credential,
    create_project,
    create_session,
    create_superuser,
    create_token,
    create_user,
)

pytestmark = pytest.mark.services
PAGE = "admin:issues_issuesession_changelist"


@pytest.fixture
def boss(client):
    client.force_login(create_superuser(username="boss"))
    return client


def read(answer):
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


def whole(client, page=PAGE, **query):
    return client.get(reverse(page), {"_export": "csv"} | query)


@pytest.mark.django_db
def test_the_columns_of_the_list_in_plain_values(boss):
    session = create_session(
        github_issue_title='Ümläut, "quoted" & <b>bold</b>', pr_number=5, status="pr_created"
    )
    answer = whole(boss)
    heads, row = read(answer)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="issue-sessions.csv"'
    assert heads[:3] == ["issue", "project", "status"]
    assert row[0] == f'#{session.github_issue_number} Ümläut, "quoted" & <b>bold</b>'
    assert row[1:3] == [session.project.name, "PR created"]
    assert "It does not work." not in str(row)


@pytest.mark.django_db
def test_what_a_list_says_in_words_is_exported_as_it_is_stored(boss):
    create_attempt(create_session(attempts=2), agent="claude_code", cost_usd="0.7560", outcome="turn_limit")
    heads, row = read(whole(boss, "admin:issues_attempt_changelist"))
    found = dict(zip(heads, row, strict=True))
    said = {"agent": "claude_code", "cost usd": "0.7560", "outcome": "turn_limit"}
    assert found == found | said
    heads, row = read(whole(boss))
    assert dict(zip(heads, row, strict=True))["failed tries"] == "2"


@pytest.mark.django_db
def test_selected_rows_by_the_action_and_filtered_rows_by_the_link(boss):
    one, two = create_session(status="failed"), create_session()
    body = {"action": "export_csv", "_selected_action": [two.pk]}
    assert [row[2] for row in read(boss.post(reverse(PAGE), body))[1:]] == ["Pending"]
    assert [row[2] for row in read(whole(boss, status__exact="failed"))[1:]] == ["Failed"]
    assert "_export=csv" in boss.get(reverse(PAGE), {"status__exact": "failed"}).content.decode()
    assert one.pk != two.pk


@pytest.mark.django_db
def test_nobody_exports_rows_of_other_teams(client):
    mine, other = create_session(), create_session(github_issue_title="of the other team")
    SessionEvent.objects.create(issue_session=other, actor="other", verb="moved")
    client.force_login(create_user(Role.VIEWER, project=mine.project, is_staff=True))
    assert len(read(whole(client))) == 2
    assert len(read(whole(client, "admin:issues_sessionevent_changelist"))) == 1
    body = {"action": "export_csv", "_selected_action": [mine.pk, other.pk], "select_across": "1"}
    assert "of the other team" not in str(read(client.post(reverse(PAGE), body)))


@pytest.mark.django_db
def test_no_hidden_column_leaves(boss):
    credential = create_credential("ghp_" + "x" * 36)
    create_project(credential=credential)
    create_token(create_superuser())
    text = str(read(whole(boss, "admin:projects_credential_changelist")))
    text += str(read(whole(boss, "admin:projects_apitoken_changelist")))
    assert credential.fingerprint not in text
    assert ApiToken.objects.get().token_hash not in text
    assert Credential.objects.get().fingerprint == credential.fingerprint


@pytest.mark.django_db
def test_a_file_that_was_cut_says_so_in_its_name(boss, monkeypatch):
    monkeypatch.setattr(export, "EXPORTED_ROWS", 2)
    for _ in range(3):
        create_session()
    answer = whole(boss)
    assert "issue-sessions-first-2.csv" in answer["Content-Disposition"]
    assert len(read(answer)) == 3


@pytest.mark.django_db
def test_a_wrong_filter_exports_nothing(boss):
    create_session()
    assert whole(boss, status__exact="failed", project__name="x").status_code == 400
    assert whole(boss, "admin:issues_sessionevent_changelist", since="x").status_code == 400


@pytest.mark.django_db
def test_somebody_without_the_admin_exports_nothing(client):
    session = create_session()
    client.force_login(create_user(Role.MANAGER, project=session.project))
    assert whole(client).status_code == 302


@given(st.text())
def test_no_text_is_taken_for_a_formula(text):
    cell = safe_cell(text)
    assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert str(cell).endswith(text)


@pytest.mark.django_db
def test_a_title_that_is_a_formula_is_text(boss):
    session = create_session()
    SessionEvent.objects.create(issue_session=session, actor='=HYPERLINK("http://evil")', verb="moved")
    row = read(whole(boss, "admin:issues_sessionevent_changelist"))[1]
    assert '\'=HYPERLINK("http://evil")' in row


def test_numbers_stay_numbers():
    assert safe_cell(-5) == -5
