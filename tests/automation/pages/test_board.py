"""A project's board: which sessions it shows in which order, what its cards say, and whom it offers which buttons."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.transitions import note
from issues.verbs import skip
from projects.models import Project, Role
from tests.factories import create_attempt, create_project, create_session, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HOSTILE = "</bdi><script>alert(1)</script>\u202egnp.exe"


@pytest.fixture
def project():
    return create_project(last_synced_at=timezone.now())


def login(client, project, role):
    client.force_login(create_user(role, project=project, is_staff=True))
    return client


@pytest.fixture
def manager(client, project):
    return login(client, project, Role.MANAGER)


def page(client, project, query=""):
    answer = client.get(reverse("admin:board", args=[project.pk]) + query)
    return answer.content.decode()


def numbers(text):
    """Of the cards, in order."""
    return [int(number) for number in re.findall(r'aria-label="View issue (\d+)"', text)]


def names(text):
    return set(re.findall(r'aria-label="((?:Start|Retry|Skip|Stop) issue \d+)"', text))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [4, 3, 2, 1]),
        ("?status=failed", [2]),
        ("?status=failed&status=pending", [4, 2, 1]),
        ("?status=", [4, 3, 2, 1]),
        ("?label=bug", [3, 1]),
        ("?label=bug&status=pending", [1]),
        ("?label=bu", []),
        ("?q=2", [2]),
        ("?q=%232", [2]),
        ("?q=LEAK+connection", [3]),
        ("?q=leak+button", []),
        ("?q=%25", [4]),
        ("?q=99999999999999999999", []),
    ],
)
def test_the_url_says_which_sessions_are_shown(manager, project, query, found):
    rows = [
        (1, "Wrong colour", "pending", ["bug", "ui"]),
        (2, "Button is gone", "failed", ["bugs"]),
        (3, "Connection leak", "in_progress", ["bug"]),
        (4, "Shows 100 % too early", "pending", []),
    ]
    for number, title, status, labels in rows:
        create_session(
            project=project,
            github_issue_number=number,
            github_issue_title=title,
            status=status,
            github_issue_labels=labels,
        )
    assert numbers(page(manager, project, f"{query}{'&' if query else '?'}sort=number")) == found


def test_a_label_of_any_letters_finds_its_issues_through_its_link(manager, project):
    for number, label in enumerate(['say "ä" & b', "👩\u200d💻", HOSTILE], 1):
        create_session(project=project, github_issue_number=number, github_issue_labels=[label])
    for href in re.findall(r'class="label" href="(\?label=[^"]+)"', page(manager, project)):
        assert len(numbers(page(manager, project, href.replace("&amp;", "&")))) == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=nope", "status"),
        ("state=failed", "state"),
        ("sort=cost", "sort"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("page=-1", "page"),
        ("page=1001", "page"),
        ("page=2", "page"),
        ("page=9999999999999999999999", "page"),
        (f"q={'x' * 201}", "q"),
        (f"label={'x' * 201}", "label"),
        ("q=a%0Ab", "q"),
        ("label=%07", "label"),
    ],
)
def test_what_the_page_does_not_know_is_refused_by_name(manager, project, query, named):
    answer = manager.get(reverse("admin:board", args=[project.pk]) + f"?{query}")
    assert answer.status_code == 400
    assert f"parameter {named}" in answer.content.decode().replace("&#x27;", "")


def test_newest_activity_comes_first_and_issue_numbers_on_request(manager, project):
    sessions = [create_session(project=project, github_issue_number=number) for number in (1, 2, 3)]
    note(sessions[0], "noted", actor="ann")
    skip(sessions[1], actor="ann")
    assert numbers(page(manager, project)) == [2, 1, 3]
    assert numbers(page(manager, project, "?sort=number")) == [3, 2, 1]


def test_a_page_holds_fifty_and_the_links_keep_the_filter(manager, project):
    for _ in range(51):
        create_session(project=project, github_issue_labels=["a&b"])
    first = page(manager, project, "?label=a%26b&status=pending")
    assert len(numbers(first)) == 50
    link = re.search(r'href="([^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = page(manager, project, link)
    assert len(numbers(second)) == 1
    assert not set(numbers(second)) & set(numbers(first))
    assert "Page 2 of 2" in second


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"status": "failed", "reason": "checks_failed", "last_error": "E   assert 3 == 4\nmore"},
            "assert 3 == 4",
        ),
        ({"status": "failed", "reason": "no_commit"}, "The agent ended without a change."),
        ({"status": "needs_review", "reason": "agent_asked", "last_error": "Which one?"}, "Which one?"),
        ({"status": "skipped", "reason": "skip_label"}, "A label of the issue"),
        ({"status": "in_progress", "requested_verb": "stop"}, "asked to stop it"),
    ],
)
def test_one_line_says_why_a_session_stands_still(manager, project, values, line):
    create_session(project=project, **values)
    assert line in re.search(r'class="line">(.*?)</p>', page(manager, project), re.DOTALL)[1]


def test_text_from_outside_is_escaped_isolated_and_visible(manager, project):
    token = "ghp_" + "a1B2" * 9
    create_session(
        project=project,
        status="failed",
        github_issue_title=HOSTILE,
        github_issue_labels=[HOSTILE],
        last_error=f"{HOSTILE} {token}",
    )
    Project.objects.update(name=HOSTILE, error_code="x", error_message=f"{HOSTILE} {token}")
    text = page(manager, project)
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert token not in text
    assert "<bdi>&lt;/bdi&gt;&lt;script&gt;" in text


STATES = {1: "pending", 2: "failed", 3: "pr_created", 4: "completed", 5: "needs_review"}
BUTTONS = {
    "Start issue 1", "Skip issue 1", "Retry issue 2", "Skip issue 2", "Skip issue 3", "Stop issue 3",
    "Start issue 4", "Start issue 5", "Skip issue 5",
}  # fmt: skip


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MANAGER])
def test_buttons_are_shown_where_the_state_allows_them(client, project, role):
    for number, status in STATES.items():
        create_session(project=project, github_issue_number=number, status=status)
    assert names(page(login(client, project, role), project)) == BUTTONS


def test_a_viewer_sees_the_cards_and_no_button_that_changes_anything(client, project):
    create_session(project=project, status="failed", github_issue_number=7)
    text = page(login(client, project, Role.VIEWER), project)
    assert numbers(text) == [7]
    assert not names(text)
    main = text[text.index('id="content"') :]
    assert "csrfmiddlewaretoken" not in main
    for words in ("Sync", "Settings", "Start all", "> Pause", "Start automation"):
        assert words not in main


def test_an_operator_has_no_settings_and_a_manager_has_them(client, project):
    assert "Settings" not in page(login(client, project, Role.OPERATOR), project)
    assert "Settings" in page(login(client, project, Role.MANAGER), project)


def test_everybody_who_sees_the_board_finds_the_deliveries(client, project):
    for role in Role.values:
        link = f'href="/admin/deliveries/?project={project.pk}"'
        assert link in page(login(client, project, role), project)


def test_a_stranger_does_not_find_the_board(client, project):
    assert (
        login(client, create_project(), Role.MANAGER).get(f"/admin/project/{project.pk}/").status_code == 404
    )


def test_more_rows_take_no_more_queries(manager, project, django_assert_max_num_queries):
    def fill(count):
        for _ in range(count):
            session = create_session(project=project, status="failed", github_issue_labels=["bug"])
            create_attempt(session, cost_usd=1)

    fill(3)
    with django_assert_max_num_queries(40) as few:
        page(manager, project)
    fill(57)
    with django_assert_max_num_queries(len(few)):
        assert len(numbers(page(manager, project))) == 50


def test_every_address_on_the_page_keeps_odd_text_quoted(manager, project):
    create_session(project=project, github_issue_title="a")
    text = page(manager, project, "?q=" + quote('"><img src=x>'))
    assert ("<img" in text, "No issue matches this filter." in text) == (False, True)
