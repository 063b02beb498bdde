"""Stop and Skip ask first where an agent works or a pull request is open; elsewhere one click is enough."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from issues.models import IssueSession, SessionEvent
from projects import leases
from projects.models import Role
from tests.factories import create_project, create_session, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services, pytest.mark.broker]
OPEN = {"status": "pr_created", "step": "follow", "pr_number": 7, "pr_state": "open"}


@pytest.fixture
def project():
    return create_project()


@pytest.fixture
def operator(client, project):
    client.force_login(create_user(Role.OPERATOR, project=project, is_staff=True, username="ann"))
    return client


def address(session, verb):
    return reverse("admin:session-verb", args=[session.pk, verb])


def words_of(answer):
    text = answer.content.decode()
    return " ".join(text[text.index('id="content"') :].split())


def shown(client, session):
    board = reverse("admin:board", args=[session.project_id])
    return client.get(board).content.decode(), client.get(
        reverse("admin:session", args=[session.pk])
    ).content.decode()


@pytest.mark.parametrize("verb", ["skip", "stop"])
@pytest.mark.parametrize("values", [{"status": "in_progress"}, OPEN], ids=["at work", "open pull request"])
def test_where_something_is_lost_the_button_leads_to_a_question(operator, project, verb, values):
    session = create_session(project=project, **values)
    for page in shown(operator, session):
        assert f'href="{address(session, verb)}?next=' in page
        assert f'action="{address(session, verb)}"' not in page


def test_a_failed_session_is_skipped_by_one_click(operator, project):
    session = create_session(project=project, status="failed")
    for page in shown(operator, session):
        assert f'action="{address(session, "skip")}"' in page


@pytest.mark.parametrize(
    ("verb", "values", "said"),
    [
        ("stop", {"status": "in_progress"}, "The agent ends its work within seconds."),
        ("stop", {"status": "in_progress"}, "The session waits for a person."),
        ("skip", {"status": "in_progress"}, "The session is put aside."),
        ("skip", OPEN, "Pull request #7</a> stays open and is not followed any longer."),
        ("stop", OPEN, "Pull request #7</a> stays open."),
        ("stop", OPEN, "Nothing changes on GitHub."),
    ],
)
def test_the_question_says_what_happens_and_changes_nothing(operator, project, verb, values, said):
    session = create_session(project=project, **values)
    before = IssueSession.objects.values().get()
    answer = operator.get(address(session, verb))
    assert answer.status_code == 200
    assert said in words_of(answer)
    assert IssueSession.objects.values().get() == before
    assert SessionEvent.objects.count() == 0


def test_confirming_acts_and_leads_back_to_where_the_person_came_from(operator, project):
    session, board = create_session(project=project, status="in_progress"), "/admin/project/1/?page=2"
    page = words_of(operator.get(address(session, "stop"), {"next": board}))
    assert f'name="next" value="{board}"' in page
    assert f'href="{board}">Cancel' in page
    answer = operator.post(address(session, "stop"), {"next": board})
    assert answer["Location"] == board
    assert IssueSession.objects.get().status == "needs_review"


def test_the_way_back_never_leaves_this_site(operator, project):
    session = create_session(project=project, status="in_progress")
    page = words_of(operator.get(address(session, "stop"), {"next": "https://evil.example/"}))
    assert "evil.example" not in page
    assert f'href="{reverse("admin:session", args=[session.pk])}">Cancel' in page


def test_what_is_not_possible_any_more_is_said_instead_of_asked(operator, project):
    session = create_session(project=project, status="completed")
    answer = operator.get(address(session, "stop"))
    assert answer.status_code == 302
    assert "completed cannot be asked to stop" in str(list(get_messages(answer.wsgi_request))[0])


@pytest.mark.parametrize(("verb", "word"), [("skip", "skipped"), ("stop", "stopped")])
def test_of_a_session_at_work_the_answer_says_plainly_what_will_be(operator, project, verb, word):
    session = create_session(project=project, status="in_progress")
    leases.claim(IssueSession, session.pk)
    said = str(list(get_messages(operator.post(address(session, verb)).wsgi_request))[0])
    number = session.github_issue_number
    assert said == f"Issue #{number} will be {word} as soon as its worker has ended its work."
