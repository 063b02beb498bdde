"""The Analytics page and its CSV: own projects only, every number leads to rows, nothing inline, no silent filter."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from projects.models import Role
from tests.factories import create_attempt, create_project, create_session, create_superuser, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
NOW = timezone.now()
PAGE, CSV = "admin:analytics", "admin:analytics-csv"


def ended(project, status="completed", days=0, **values):
    return create_session(project=project, status=status, completed_at=NOW - timedelta(days=days), **values)


def open_page(client, user, name=PAGE, **query):
    client.force_login(user)
    return client.get(reverse(name), query)


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def test_the_page_shows_figures_formulas_chart_and_tables(client):
    project = create_project(name="payments")
    ended(project), ended(project, "failed", days=14)
    create_attempt(create_session(project=project), cost_usd=Decimal("2.5"))
    page = open_page(client, create_superuser()).content.decode()
    for words in ("Fix rate", "50 %", "Merged sessions / sessions that ended", "$ 2.50", "payments"):
        assert words in page
    assert page.count("<svg height") == 2
    assert page.count('data-name="Fix rate">') == page.count('<th scope="row">') > 2
    assert f"Week of {NOW.date() - timedelta(days=NOW.weekday())}: 1 fixed, 0 failed" in page
    assert re.search(r"\sstyle=|<script>|\son\w+=", page) is None


def test_an_empty_period_says_the_next_step(client):
    page = open_page(client, create_superuser()).content.decode()
    assert "Nothing ended in this period." in page
    assert "<svg height" not in page


def test_every_link_of_the_page_leads_somewhere(client):
    ended(create_project()), ended(create_project(), "failed", days=9)
    page = open_page(client, create_superuser()).content.decode()
    main = page[page.index('id="content-start"') :]
    links = {unescape(link) for link in re.findall(r'href="([^"#]+)"', main)}
    assert len(links) > 8
    for link in links:
        target = link if link.startswith("/") else reverse(PAGE) + link
        assert client.get(target).status_code == 200, link


def test_a_week_leads_to_its_sessions(client):
    project = create_project()
    ended(project), ended(project, days=21)
    page = open_page(client, create_superuser()).content.decode()
    links = [unescape(link) for link in re.findall(r'href="([^"]+completed_at__lt[^"]+)"', page)]
    assert [client.get(link).context["cl"].result_count for link in links] == [1, 1]


def test_people_see_figures_of_their_own_projects_only(client):
    ended(create_project(name="of-others"))
    user = create_user(Role.VIEWER, project=(own := create_project(name="own")), is_staff=True)
    ended(own, "failed")
    page = open_page(client, user).content.decode()
    assert "of-others" not in page
    assert "0 of 1 issues" in page
    assert [row["project"] for row in rows_of(open_page(client, user, CSV))] == ["own"]


def test_the_file_has_a_row_per_project_and_week_and_no_formulas(client):
    project = create_project(name='=HYPERLINK("http://evil")')
    ended(project), ended(project, days=8), ended(create_project(name="b"))
    answer = open_page(client, create_superuser(), CSV, days="90")
    assert answer["Content-Disposition"] == 'attachment; filename="analytics-90-days.csv"'
    rows = rows_of(answer)
    assert [(row["project"], row["issues_ended"]) for row in rows] == [
        ('\'=HYPERLINK("http://evil")', "1"),
        ('\'=HYPERLINK("http://evil")', "1"),
        ("b", "1"),
    ]
    assert rows[0]["median_hours_to_fix"] == ""


def test_hostile_names_are_shown_and_not_obeyed(client):
    ended(create_project(name="<script>alert(1)</script>\u202e"))
    page = open_page(client, create_superuser()).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize("name", [PAGE, CSV])
@pytest.mark.parametrize("bad", [{"days": "31"}, {"days": "x"}, {"project": "9" * 20}, {"other": "1"}])
def test_a_bad_parameter_is_refused_by_name(client, name, bad):
    answer = open_page(client, create_superuser(), name, **bad)
    assert answer.status_code == 400
    assert next(iter(bad)) in answer.content.decode()


def test_queries_do_not_grow_with_projects_or_sessions(client, django_assert_max_num_queries):
    client.force_login(create_superuser())
    for days in range(20):
        ended(create_project(), days=days)
    with django_assert_max_num_queries(20):
        assert client.get(reverse(PAGE), {"days": "365"}).status_code == 200
