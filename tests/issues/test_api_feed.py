"""The feed of events: a client that goes on from its cursor misses nothing and sees nothing twice."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from issues.models import SessionEvent
from issues.transitions import note
from projects.models import Project, Role
from tests.factories import api_client, create_project, create_session, create_superuser, create_user

pytestmark = pytest.mark.services
WAIT = 20


def ask(client, after=None, **query):
    answer = client.get("/api/events", query | ({} if after is None else {"after": after}))
    assert answer.status_code == 200, answer.content
    return answer.json()


def read_all(client, after=None, **query):
    """Every id from `after` on, and the cursor behind them."""
    seen, more = [], True
    while more:
        page = ask(client, after, **query)
        seen += [row["id"] for row in page["results"]]
        after, more = page["next_cursor"], page["has_more"]
    return seen, after


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 2, 5, 7, 200])
def test_every_event_is_answered_once_in_order_whatever_the_page(size):
    sessions = [create_session(), create_session()]
    ids = [note(sessions[number % 2], "noted", actor="a").pk for number in range(7)]
    client = api_client(create_superuser())
    seen, cursor = read_all(client, page_size=size)
    assert seen == ids
    assert read_all(client, cursor) == ([], cursor)
    later = note(sessions[0], "noted", actor="a").pk
    assert read_all(client, cursor)[0] == [later]


@pytest.mark.django_db
def test_an_event_says_whose_it_is_and_what_happened():
    session = create_session(status="failed")
    note(session, "noted", actor="boss", reason="r", message="m", evidence={"a": 1})
    row = ask(api_client(create_superuser()))["results"][0]
    assert (row["project"], row["issue_session"]) == (session.project_id, session.pk)
    assert (row["github_issue_number"], row["public_id"]) == (session.github_issue_number, session.public_id)
    assert (row["actor"], row["verb"], row["new_status"]) == ("boss", "noted", "failed")
    assert (row["reason"], row["message"], row["evidence"]) == ("r", "m", {"a": 1})


@pytest.mark.django_db
def test_foreign_events_are_passed_over_and_move_the_cursor():
    own, foreign = create_session(), create_session()
    mine = note(own, "noted", actor="a").pk
    last = [note(foreign, "noted", actor="a").pk for _ in range(3)][-1]
    client = api_client(create_user(Role.VIEWER, project=own.project))
    assert read_all(client) == ([mine], str(last))


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "9" * 40, "\0", "\u0663"])
def test_a_cursor_that_nobody_gave_is_an_error_that_names_it(cursor):
    answer = api_client(create_superuser()).get("/api/events", {"after": cursor})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["after"])


@pytest.mark.django_db
def test_the_feed_costs_the_same_for_many_events(django_assert_max_num_queries):
    client = api_client(create_superuser())
    session = create_session(project=create_project())
    for _ in range(60):
        note(session, "noted", actor="a")
    client.get("/api/events")
    with django_assert_max_num_queries(10):
        assert len(ask(client)["results"]) == 60


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_an_event_that_is_committed_late_is_not_lost_behind_a_later_one():
    """The first writer takes its id, the second commits a higher one before it."""
    session = create_session()
    client = api_client(create_superuser())
    wrote, may_commit = threading.Event(), threading.Event()
    late = []

    def write_slowly():
        with transaction.atomic():
            late.append(note(session, "noted", actor="slow").pk)
            wrote.set()
            may_commit.wait(WAIT)
        connection.close()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    assert wrote.wait(WAIT)
    early = note(session, "noted", actor="fast").pk
    assert early > late[0]
    before, cursor = read_all(client)
    may_commit.set()
    writer.join(WAIT)
    after, _ = read_all(client, cursor)
    assert before + after == [late[0], early]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_client_that_polls_among_many_writers_gets_every_event_once():
    project = create_project()
    sessions = [create_session(project=project).pk for _ in range(6)]
    client = api_client(create_superuser())
    ended = []

    def write(pk):
        session = Project.objects.get().sessions.get(pk=pk)
        for _ in range(25):
            with transaction.atomic():
                note(session, "noted", actor="w")
                note(session, "noted", actor="w")
        ended.append(pk)
        connection.close()

    writers = [threading.Thread(target=write, args=[pk]) for pk in sessions]
    for writer in writers:
        writer.start()
    seen, cursor = [], None
    while len(ended) < len(writers):
        rows, cursor = read_all(client, cursor, page_size=7)
        seen += rows
    for writer in writers:
        writer.join(WAIT)
    seen += read_all(client, cursor)[0]
    assert seen == sorted(seen)
    assert set(seen) == set(SessionEvent.objects.values_list("pk", flat=True))
    assert len(seen) == 6 * 25 * 2
