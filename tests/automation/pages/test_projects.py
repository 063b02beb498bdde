"""The Projects page: a card for each project of the person, its figures, and what is found by name and state."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.utils import timezone

from projects.models import Credential, Membership, Project, Role
from tests.factories import (
    create_attempt,
    create_credential,
    create_project,
    create_session,
    create_superuser,
    create_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOSTILE = "</bdi><script>alert(1)</script>\u202egnp.exe"


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


def page(client, query=""):
    return client.get(f"/admin/{query}").content.decode()


def cards(text):
    """Name -> the words of the card."""
    found = {}
    for html in re.findall(r'<li class="card project">(.*?)</li>', text, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
        found[re.search(r"<h3><a [^>]+><bdi>(.*?)</bdi>", html)[1]] = words
    return found


def test_a_card_counts_issues_as_the_plan_draws_them(boss):
    mine = create_project(name="my-app", github_repo="octo/my-app", automation_enabled=True)
    for status, count in (
        ("pending", 2),
        ("in_progress", 2),
        ("verifying", 1),
        ("completed", 4),
        ("failed", 1),
    ):
        for _ in range(count):
            create_session(project=mine, status=status)
    create_session()
    words = cards(page(boss))["my-app"]
    assert "Running" in words
    assert "10 issues 3 in progress 4 completed 1 failed" in words


def test_each_count_leads_to_the_board_that_shows_just_these(boss):
    mine = create_project()
    for status in ("in_progress", "verifying", "completed", "failed", "pending"):
        create_session(project=mine, status=status)
    text = page(boss)
    shown = {}
    for href in re.findall(rf'href="(/admin/project/{mine.pk}/[^"]*)"', text):
        shown[href] = boss.get(href.replace("&amp;", "&")).content.decode().count('"card session"')
    assert shown == {
        f"/admin/project/{mine.pk}/": 5,
        f"/admin/project/{mine.pk}/?status=in_progress&amp;status=verifying": 2,
        f"/admin/project/{mine.pk}/?status=completed": 1,
        f"/admin/project/{mine.pk}/?status=failed": 1,
    }


def test_error_shows_its_sentence_and_remedy_whether_the_projects_or_its_tokens(boss):
    create_project(name="a", error_code="x", error_message="No such repository. Correct its name.")
    refused = create_credential()
    Credential.objects.update(error_code="github.bad_token", error_message="Bad credentials")
    create_project(name="b", credential=refused, automation_enabled=True)
    found = cards(page(boss))
    assert "Error" in found["a"]
    assert "No such repository. Correct its name." in found["a"]
    assert "Error" in found["b"]
    assert "Bad credentials. Store a valid token in the project's settings." in found["b"].replace(
        "&#x27;", "'"
    )


def test_the_months_cost_is_told_with_a_bar_where_there_is_a_budget(boss):
    with_budget, without, unknown = (
        create_project(name="a", monthly_budget_usd=50),
        create_project(name="b"),
        create_project(name="c", monthly_budget_usd=5),
    )
    for owner, cost in ((with_budget, "20"), (without, "3.5"), (unknown, None)):
        cost = cost and Decimal(cost)
        create_attempt(create_session(project=owner), cost_usd=cost, ended_at=timezone.now())
    text = page(boss)
    found = cards(text)
    assert "$ 20.00 of $ 50.00 this month" in found["a"]
    assert "$ 3.50 this month" in found["b"]
    assert "$ 0.00 of $ 5.00 this month (the price of 1 attempt is not known)" in found["c"]
    assert re.search(r'<meter[^>]+value="40" aria-label="Budget of a used this month"', text)
    assert text.count("<meter") == 2
    create_attempt(create_session(project=with_budget), cost_usd=Decimal("30"))
    assert "$ 50.00 of $ 50.00 this month: used up, so nothing starts" in cards(page(boss))["a"]


def test_demo_projects_wear_a_badge(boss):
    create_project(name="a", agent="scripted")
    create_project(name="b")
    found = cards(page(boss))
    assert "demo" in found["a"]
    assert "demo" not in found["b"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"alpha", "beta", "gamma", "delta"}),
        ("?q=ALPHA", {"alpha"}),
        ("?q=tools/", {"beta"}),
        ("?state=running", {"alpha"}),
        ("?state=paused", {"beta"}),
        ("?state=error", {"gamma", "delta"}),
        ("?state=error&q=del", {"delta"}),
        ("?q=&state=", {"alpha", "beta", "gamma", "delta"}),
        ("?q=nothing", set()),
    ],
)
def test_projects_are_found_by_name_repository_and_state(boss, query, found):
    refused = create_credential()
    Credential.objects.update(error_code="github.bad_token")
    create_project(name="alpha", automation_enabled=True, credential=create_credential())
    create_project(name="beta", github_repo="tools/b")
    create_project(name="gamma", error_code="x", automation_enabled=True)
    create_project(name="delta", credential=refused)
    text = page(boss, query)
    assert set(cards(text)) == found
    assert ("No project matches." in text) == (not found)


@pytest.mark.parametrize(
    ("query", "named"),
    [("state=odd", "state"), ("page=0", "page"), ("page=2", "page"), ("name=x", "name"), ("q=a%0Ab", "q")],
)
def test_what_the_page_does_not_know_is_refused_by_name(boss, query, named):
    create_project()
    answer = boss.get(f"/admin/?{query}")
    assert answer.status_code == 400
    assert f"parameter {named}" in answer.content.decode().replace("&#x27;", "")


def test_a_hundred_projects_fit_one_page_and_the_rest_the_next(boss):
    for number in range(101):
        create_project(name=f"p{number:03}")
    first = page(boss)
    assert len(cards(first)) == 100
    assert 'rel="next"' in first
    assert set(cards(page(boss, "?page=2"))) == {"p100"}


@pytest.mark.parametrize("role", Role.values)
def test_everybody_sees_their_own_projects_only(client, role):
    mine = create_project(name="mine", error_code="x", error_message="mine is ill")
    create_project(name="theirs", error_code="x", error_message="theirs is ill")
    create_session(project=Project.objects.get(name="theirs"), github_issue_title="secret", status="failed")
    user = create_user(role, project=mine, is_staff=True)
    client.force_login(user)
    text = page(client)
    assert set(cards(text)) == {"mine"}
    assert "theirs" not in text
    assert "secret" not in text
    Membership.objects.all().delete()
    assert "No project is open to you yet." in page(client)
    assert "No repository is linked yet." not in page(client)
    Project.objects.update(archived_at=timezone.now())
    assert "No repository is linked yet." in page(client)


def test_only_who_may_link_is_offered_to(client, boss):
    assert "Link a repository" in page(boss)
    create_project()
    assert "New project" in page(boss)
    client.force_login(create_user(is_staff=True))
    text = page(client)
    assert "Link a repository" not in text
    assert "Ask a manager" in text


def test_the_oldest_things_that_wait_stand_first_then_the_projects_then_six_figures(boss):
    mine = create_project(name="my-app")
    for _ in range(7):
        create_session(project=mine, status="failed", completed_at=timezone.now(), github_issue_title=HOSTILE)
    text = page(boss)
    assert len(re.findall(r"<dt>", text)) == 6
    assert 'title="Merged sessions / sessions that ended' in text
    assert "7 things wait for a person" in text
    assert text.count('class="what"') == 5
    places = [
        text.index(part) for part in ('id="waiting-title"', 'class="card project"', 'id="figures-title"')
    ]
    assert places == sorted(places)


def test_figures_are_kept_for_minutes_and_only_for_the_same_projects(client, boss):
    mine, other = create_project(), create_project()
    create_session(project=mine, status="failed", completed_at=timezone.now())
    first = page(boss)
    assert "0 of 1 issues" in first
    assert "As of " in first
    create_session(project=mine, status="completed", completed_at=timezone.now())
    assert "0 of 1 issues" in page(boss)
    client.force_login(create_user(Role.VIEWER, project=other, is_staff=True))
    assert "0 of 0 issues" in page(client)
    client.force_login(create_user(Role.VIEWER, project=mine, is_staff=True))
    assert "1 of 2 issues" in page(client)


def test_text_from_outside_is_escaped_isolated_and_visible(boss):
    token = "ghp_" + "a1B2" * 9
    mine = create_project(name=HOSTILE, error_code="x", error_message=f"{HOSTILE} {token}")
    create_session(project=mine, status="failed", github_issue_title=HOSTILE, completed_at=timezone.now())
    text = page(boss, "?q=gnp")
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert token not in text
    assert len(cards(text)) == 1


def test_more_projects_take_no_more_queries(boss, django_assert_max_num_queries):
    def fill(count):
        for _ in range(count):
            owner = create_project(monthly_budget_usd=5, credential=create_credential())
            create_attempt(create_session(project=owner, status="failed"), cost_usd=1)

    fill(3)
    page(boss)
    with django_assert_max_num_queries(30) as few:
        page(boss)
    allowed = len(few)
    fill(57)
    page(boss)
    with django_assert_max_num_queries(allowed):
        assert len(cards(page(boss))) == 60
