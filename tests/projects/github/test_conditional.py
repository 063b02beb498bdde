"""What is asked again and again names the answer we have; "not modified" costs nothing and replays it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from issues.sync import sync_project
from projects.connection import connect
from projects.github import conditional
from projects.github.errors import GitHubError
from projects.github.meter import LocalMeter
from projects.github.transport import Transport
from projects.models import CachedAnswer, Credential
from tests.linking import link
from tests.projects.github.conftest import TOKEN, Reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def credential():
    return Credential.objects.for_secret(kind="token", api_url="https://api.github.com", secret=TOKEN)


@pytest.fixture
def ask(server, credential):
    def ask(path="/x", params=None, *, token=TOKEN, polled=True):
        meter = LocalMeter(interval_seconds=0)
        transport = Transport(server.url, token, meter=meter, remembered_by=credential.pk)
        return transport.get(path, params, polled=polled)

    return ask


def marks(server):
    return [asked.headers.get("if-none-match") for asked in server.asked]


@pytest.mark.services
def test_an_answer_that_still_holds_is_replayed_with_its_next_page(server, ask):
    link = {"ETag": 'W/"a"', "Link": f'<{server.url}/x?page=2>; rel="next"'}
    server.will_answer(Reply([{"n": "ä"}], headers=link), Reply(status=304, body=b""))
    first, again = ask(), ask()
    assert again.data == first.data == [{"n": "ä"}]
    assert again.next_url == first.next_url == f"{server.url}/x?page=2"
    assert marks(server) == [None, 'W/"a"']


def test_a_changed_answer_takes_the_place_of_the_stored_one(server, ask):
    server.will_answer(
        Reply([1], headers={"ETag": '"a"'}),
        Reply([2], headers={"ETag": '"b"'}),
        Reply(status=304, body=b""),
    )
    assert [ask().data for _ in range(3)] == [[1], [2], [2]]
    assert marks(server) == [None, '"a"', '"b"']
    assert CachedAnswer.objects.count() == 1


def test_another_token_query_or_question_that_is_not_polled_names_no_answer(server, ask):
    server.will_answer(*[Reply([1], headers={"ETag": '"a"'})] * 4)
    ask()
    ask(token=TOKEN + "2")
    ask(params={"state": "all"})
    ask(polled=False)
    assert marks(server) == [None] * 4


def test_a_cursor_that_moves_leaves_no_answer_behind(server, ask):
    server.will_answer(*[Reply([1], headers={"ETag": '"a"'})] * 3)
    for since in ("1", "2", "2"):
        ask(params={"state": "all", "since": since})
    assert marks(server) == [None, None, '"a"']
    assert CachedAnswer.objects.count() == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply([1]),
        Reply([1], headers={"ETag": '"' + "x" * 300 + '"'}),
        Reply(body=b"{", headers={"ETag": '"a"'}),
        Reply({}, status=404, headers={"ETag": '"a"'}),
    ],
    ids=["no mark", "long mark", "no JSON", "no answer"],
)
def test_what_is_no_good_answer_is_not_kept(server, ask, reply):
    server.will_answer(reply, reply)
    with suppress(GitHubError):
        ask()
    assert not CachedAnswer.objects.exists()


def test_an_answer_that_is_too_large_is_not_kept(server, ask, monkeypatch):
    monkeypatch.setattr(conditional, "LARGEST", 50)
    server.will_answer(
        Reply(list(range(100)), headers={"ETag": '"a"'}), Reply("x" * 9999, headers={"ETag": '"b"'})
    )
    ask("/large")
    ask("/small")
    assert [len(bytes(row.body)) <= 50 for row in CachedAnswer.objects.all()] == [True]


def test_a_damaged_stored_answer_is_asked_for_anew(server, ask):
    server.will_answer(*[Reply([1], headers={"ETag": '"a"'})] * 2)
    ask()
    CachedAnswer.objects.update(body=b"rubbish")
    assert ask().data == [1]
    assert marks(server) == [None, None]


def test_a_stored_answer_holds_no_token(server, ask):
    server.will_answer(Reply([1], headers={"ETag": '"a"'}))
    ask()
    assert TOKEN not in str(CachedAnswer.objects.values().get())


def test_unused_answers_and_those_beyond_the_most_are_dropped(credential, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(conditional, "MOST", 3)
    for number in range(6):
        used_at = now - timedelta(hours=12 * number)
        CachedAnswer.objects.create(
            credential=credential, place=number, asked="", etag="", body=b"", used_at=used_at
        )
    conditional.prune(credential.pk)
    assert sorted(CachedAnswer.objects.values_list("place", flat=True)) == ["0", "1", "2"]
    monkeypatch.setattr(conditional, "UNUSED_FOR", timedelta(hours=1))
    conditional.prune(credential.pk)
    assert CachedAnswer.objects.count() == 1


@pytest.mark.services
def test_a_poll_that_finds_nothing_new_costs_nothing_of_the_hour(hub, settings, token):
    project = link(hub, settings, token)
    for number in range(3):
        hub.create_issue("acme/calc", f"Issue {number}", "")
    pull = hub.create_issue("acme/calc", "A pull request", "")
    sync_project(project, connect(project))
    for _ in range(2):
        sync_project(project, connect(project))
    left = Credential.objects.get(pk=project.credential_id).rate_remaining
    seen = len(hub.requests)
    for _ in range(3):
        sync_project(project, connect(project))
    assert {exchange.status for exchange in hub.requests[seen:]} == {304}
    assert Credential.objects.get(pk=project.credential_id).rate_remaining == left
    hub.edit_issue("acme/calc", pull, title="Another title")
    sync_project(project, connect(project))
    assert project.sessions.get(github_issue_number=pull).github_issue_title == "Another title"
