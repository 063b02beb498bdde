"""The log on the session page: the chosen attempt, a part of it, a kind of events; all of it without a script."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.agents.transcripts import Transcript, tail_files
from issues.states import Status
from projects.models import Role
from tests.factories import create_attempt, create_project, create_session, create_superuser, create_user

pytestmark = pytest.mark.django_db


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: dict[str, str] = {}
        self.current: list[str] = []
        self.log: dict[str, str | None] = {}
        self._link: dict[str, str | None] | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        if given.get("id") == "log":
            self.log = given
        if tag == "a":
            self._link = given

    def handle_data(self, data):
        if self._link and data.strip():
            self.links.setdefault(data.strip(), self._link.get("href"))
            if "aria-current" in self._link:
                self.current.append(data.strip())

    def handle_endtag(self, tag):
        if tag == "a":
            self._link = None

    @property
    def events(self):
        return [name for name in self.ids if name[0] == "e" and name[1:2].isdigit()]


@pytest.fixture(autouse=True)
def logs(settings, tmp_path):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path


@pytest.fixture
def boss(client):
    client.force_login(create_superuser())
    return client


def ended(session, **fields):
    return create_attempt(
        session, **{"outcome": "done", "ended_at": timezone.now(), "agent": "command"} | fields
    )


def tell(attempt, lines, **fields):
    with Transcript(attempt.transcript_path, **fields) as transcript:
        for line in lines:
            transcript.write("stdout", line if isinstance(line, str) else json.dumps(line))


def unlinked(path):
    path.unlink()
    return path


def get(client, session, **params):
    response = client.get(reverse("admin:session", args=[session.pk]), {"tab": "log"} | params)
    assert response.status_code == 200
    return Page(response.content.decode())


def test_a_session_without_an_attempt_says_when_there_will_be_a_log(boss):
    response = boss.get(reverse("admin:session", args=[create_session().pk]), {"tab": "log"})
    assert "appears here as soon as one starts" in response.content.decode()


def test_the_newest_attempt_is_shown_and_others_can_be_chosen(boss):
    session = create_session(status=Status.FAILED)
    for number in (1, 2):
        tell(ended(session, number=number), [f"attempt {number}"])
    newest, first = get(boss, session), get(boss, session, attempt=1)
    assert (newest.current, first.current) == (["Log", "2", "All"], ["Log", "1", "All"])
    assert "data-done" in newest.log
    assert first.links["Show attempt"].endswith("?tab=log&attempt=2")


def test_earlier_parts_are_links_and_are_not_live(boss):
    session = create_session(status=Status.FAILED)
    tell(ended(session, number=1), [f"line {number}" for number in range(450)])
    page = get(boss, session)
    assert page.events == [f"e{number}" for number in range(250, 450)]
    assert page.log["data-after"] == "450"
    assert page.links["Load earlier"].endswith("?tab=log&attempt=1&before=250")
    earlier = get(boss, session, attempt=1, before=250)
    assert earlier.events == [f"e{number}" for number in range(50, 250)]
    assert "data-url" not in earlier.log
    assert earlier.links["Show the newest"].endswith("?tab=log&attempt=1")
    assert get(boss, session, before=50).events == [f"e{number}" for number in range(50)]


def test_a_filter_is_a_link_that_keeps_the_attempt(boss):
    session = create_session(status=Status.FAILED)
    attempt = ended(session, number=1, agent="claude_code")
    said = {"type": "assistant", "message": {"content": [{"type": "text", "text": "Hello"}]}}
    retry = {"type": "system", "subtype": "api_retry", "error_status": 429, "error": "rate_limit"}
    tell(attempt, [said, retry, {"type": "new"}])
    assert get(boss, session).links["Errors"].endswith("?tab=log&attempt=1&show=errors")
    shown = {show: get(boss, session, show=show).events for show in ("all", "messages", "tools", "errors")}
    assert shown == {"all": ["e0", "e1", "e2"], "messages": ["e0"], "tools": [], "errors": ["e1"]}


def test_the_tail_of_a_run_that_goes_on_is_shown(boss):
    attempt = create_attempt(create_session(status=Status.IN_PROGRESS), number=1, agent="command")
    with Transcript(attempt.transcript_path, max_bytes=4_000) as transcript:
        for number in range(200):
            transcript.write("stdout", f"line {number}")
        assert all(part.exists() for part in tail_files(attempt.transcript_path))
        page = get(boss, attempt.issue_session)
    assert page.events[-1] == "e199"
    assert "data-done" not in page.log


@pytest.mark.parametrize(
    ("ended_ago", "words"),
    [(None, "not printed anything yet"), (1, "The log of this attempt is no longer there")],
)
def test_a_log_that_is_not_there_is_explained(boss, ended_ago, words):
    when = timezone.now() - timedelta(hours=ended_ago) if ended_ago else None
    attempt = create_attempt(ended_at=when)
    response = boss.get(reverse("admin:session", args=[attempt.issue_session_id]), {"tab": "log"})
    assert words in response.content.decode()
    assert reverse("admin:log-raw", args=[attempt.pk]) not in response.content.decode()


@pytest.mark.parametrize(
    ("show", "ended_ago", "words"),
    [
        ("all", None, "Nothing yet."),
        ("errors", None, "Nothing of this kind yet."),
        ("all", 1, "Nothing was printed."),
        ("errors", 1, "Nothing of this kind in the log."),
    ],
)
def test_an_empty_log_says_whether_more_may_come(boss, show, ended_ago, words):
    when = timezone.now() - timedelta(hours=ended_ago) if ended_ago else None
    attempt = create_attempt(ended_at=when, agent="claude_code")
    with Transcript(attempt.transcript_path):
        path = reverse("admin:session", args=[attempt.issue_session_id])
        text = boss.get(path, {"tab": "log", "show": show}).content.decode()
    assert words in text
    assert "Claude Code" in text
    assert "times in UTC" in text


@pytest.mark.parametrize("is_tail", [False, True])
def test_a_log_that_cannot_be_read_is_said(boss, is_tail):
    attempt = create_attempt(ended_at=timezone.now())
    tell(attempt, ["x"])
    path = attempt.transcript_path
    (path.with_name(path.name + ".newer") if is_tail else unlinked(path)).mkdir()
    response = boss.get(reverse("admin:session", args=[attempt.issue_session_id]), {"tab": "log"})
    assert response.status_code == 200
    assert "The log of this attempt cannot be read" in response.content.decode()
    assert reverse("admin:log-raw", args=[attempt.pk]) not in response.content.decode()


def test_an_attempt_that_ended_stays_live_until_the_session_ends_or_the_next_attempt_starts(boss):
    session = create_session(status=Status.VERIFYING)
    tell(ended(session, number=1), ["x"])
    first = get(boss, session).log
    assert ("data-done" in first, "data-ended" in first) == (False, True)
    create_attempt(session, number=2)
    assert "data-done" in get(boss, session, attempt=1).log
    assert "data-ended" not in get(boss, session).log


@pytest.mark.parametrize(
    "params", [{"before": "x"}, {"before": "-1"}, {"before": "1" * 30}, {"show": "x"}, {"before": "²"}]
)
def test_an_address_that_no_link_leads_to_is_refused(boss, params):
    attempt = create_attempt()
    response = boss.get(reverse("admin:session", args=[attempt.issue_session_id]), {"tab": "log"} | params)
    assert response.status_code == 400


@pytest.mark.parametrize("number", ["2", "x", "", "01"])
def test_an_attempt_that_the_session_has_not_is_not_found(boss, number):
    attempt = create_attempt(number=1)
    path = reverse("admin:session", args=[attempt.issue_session_id])
    assert boss.get(path, {"tab": "log", "attempt": number}).status_code == 404


def test_a_hostile_log_does_nothing(boss):
    session = create_session(status=Status.FAILED)
    text = "<script>alert(1)</script> [x](javascript:alert(1)) ![y](https://evil.example/p.png) \u202e"
    block = {"type": "text", "text": text}
    lines = [
        {"type": "assistant", "message": {"content": [block]}},
        {"type": "<img src=x>"},
        text,
        "AKIAIOSFODNN7EXAMPLE",
    ]
    tell(ended(session, number=1, agent="claude_code"), lines)
    html = boss.get(reverse("admin:session", args=[session.pk]), {"tab": "log"}).content.decode()
    assert "<script>alert" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "\u202e" not in html
    assert "AKIA" not in html


def test_queries_do_not_grow_with_events_or_attempts(boss, django_assert_max_num_queries):
    session = create_session(status=Status.FAILED)
    for number in range(1, 30):
        tell(ended(session, number=number), ["x"] * 300)
    with django_assert_max_num_queries(14):
        get(boss, session)


def test_a_viewer_reads_and_a_stranger_finds_nothing(client):
    project = create_project()
    attempt = ended(create_session(project=project, status=Status.FAILED), number=1)
    tell(attempt, ["x"])
    path = reverse("admin:session", args=[attempt.issue_session_id])
    client.force_login(create_user(Role.VIEWER, project=project, is_staff=True))
    assert client.get(path, {"tab": "log"}).status_code == 200
    client.force_login(create_user(Role.MANAGER, is_staff=True))
    assert client.get(path, {"tab": "log"}).status_code == 404
