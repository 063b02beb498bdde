"""What a digest tells: the period, the numbers beside those before, what waits first; and that it harms no reader."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from automation import digest_mail
from automation.digest import Digest, collect, last_period
from automation.models import Effect
from issues.models import Attempt
from projects import redaction
from projects.models import Project
from tests.factories import create_attempt, create_project, create_result, create_session
from verification.models import VerificationResult

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
HOSTILE = (
    'Fix <img src="http://evil.example/x.png"> & "quotes"\r\nBcc: eve@example.com\u202e\x1b[31m {{ 7*7 }}'
)


@pytest.mark.parametrize(
    ("kind", "now", "before", "start", "end", "label"),
    [
        ("daily", NOW, "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-03"),
        ("weekly", NOW, "2026-02-16", "2026-02-23", "2026-03-02", "Week of 2026-02-23"),
        (
            "weekly",
            datetime(2026, 3, 2, tzinfo=UTC),
            "2026-02-16",
            "2026-02-23",
            "2026-03-02",
            "Week of 2026-02-23",
        ),
        ("monthly", NOW, "2026-01-01", "2026-02-01", "2026-03-01", "February 2026"),
        (
            "monthly",
            datetime(2027, 1, 31, tzinfo=UTC),
            "2026-11-01",
            "2026-12-01",
            "2027-01-01",
            "December 2026",
        ),
    ],
)
def test_a_period_is_the_last_whole_one(kind, now, before, start, end, label):
    period = last_period(kind, now)
    assert [f"{day:%Y-%m-%d %H:%M}" for day in (period.before, period.start, period.end)] == [
        f"{day} 00:00" for day in (before, start, end)
    ]
    assert period.label == label


def told(period="weekly") -> Digest | None:
    return collect(Project.objects.active(), last_period(period, NOW))


def ended(project, when, **values):
    values = {"status": "completed", "pr_number": 7, "pr_state": "merged", "foreign_commits": False} | values
    return create_session(project=project, completed_at=when, merged_at=when, **values)


@pytest.mark.django_db
@pytest.mark.services
def test_numbers_stand_beside_those_of_the_period_before_and_days_outside_do_not_count():
    project, week = create_project(), last_period("weekly", NOW)
    for when in (week.start, week.end - timedelta(microseconds=1)):
        ended(project, when)
    ended(project, week.start, status="failed", pr_state="closed", issue_state="closed")
    for outside in (week.end, week.before - timedelta(microseconds=1)):
        ended(project, outside)
    old = ended(project, week.start - timedelta(microseconds=1))
    attempt = create_attempt(old, cost_usd="1.50")
    Attempt.objects.filter(pk=attempt.pk).update(started_at=week.before)
    Effect.objects.create(issue_session=old, round=1, kind="pull_request", done_at=week.start)
    found = told()
    by_label = {number.label: number for number in found.numbers}
    rate = by_label["Fix rate"]
    assert (rate.value, rate.detail, rate.before) == ("67 %", "2 of 3 issues", "100 %")
    assert (by_label["Cost"].value, by_label["Cost"].before) == ("–", "$ 1.50")
    assert (found.fixed, found.merged_count) == (2, 2)
    assert [session.merged_at for session in found.merged] == sorted(s.merged_at for s in found.merged)


@pytest.mark.django_db
@pytest.mark.services
def test_checks_that_failed_most_are_counted_by_attempts():
    session, week = create_session(), last_period("weekly", NOW)
    attempts = [create_attempt(session) for _ in range(3)]
    failing = [(attempts[0], "unit"), (attempts[0], "unit"), (attempts[1], "unit"), (attempts[2], "lint")]
    for attempt, name in failing:
        create_result(session, attempt=attempt, name=name, passed=False)
    create_result(session, attempt=attempts[0], name="unit", passed=False, fault="setup")
    create_result(session, attempt=attempts[0], name="build", passed=True)
    VerificationResult.objects.update(created_at=week.start)
    create_result(session, attempt=attempts[1], name="late", passed=False)
    assert [(failure.check, failure.attempts) for failure in told().failures] == [("unit", 2), ("lint", 1)]


@pytest.mark.django_db
def test_there_is_none_when_nothing_happened_and_nothing_waits():
    create_session(status="pending")
    assert told() is None
    create_session(status="needs_review", reason="stopped")
    assert told().waiting_count == 1


class Page(HTMLParser):
    """The tags and addresses of an HTML text, and what a reader sees of it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.seen = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "background", "action")]

    def handle_data(self, data):
        self.seen += data


def composed(settings, **values):
    settings.SITE_URL = "https://agents.example.com"
    names = list(Project.objects.values_list("name", flat=True))
    mail = digest_mail.compose(told(), address="ann@example.com", projects=names, public_id="digest-1")
    return mail, mail.body, mail.alternatives[0].content


@pytest.fixture
def full(settings):
    """A digest of a project in which everything that people and agents write is hostile."""
    redaction.register("secret-of-the-issue")
    project = create_project(name=f"P {HOSTILE}")
    week = last_period("weekly", NOW)
    title = f"{HOSTILE} secret-of-the-issue"
    ended(project, week.start, github_issue_title=title)
    create_session(
        project=project,
        status="failed",
        reason="checks_failed",
        completed_at=timezone.now(),
        github_issue_title=title,
        last_error=f"{title}\n" * 50,
    )
    session = create_session(project=project)
    create_result(session, attempt=create_attempt(session), name=HOSTILE, passed=False)
    VerificationResult.objects.update(created_at=week.start)
    return composed(settings)


@pytest.mark.django_db
def test_what_waits_comes_first_then_numbers_failing_checks_and_merged_work(full):
    _, text, html = full
    order = ["WAITS FOR YOU", "NUMBERS", "CHECKS THAT FAILED MOST", "MERGED"]
    places = [text.index(heading) for heading in order]
    assert places == sorted(places)
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", html)
    assert [heading.upper() for heading in headings] == order
    assert "The checks failed in every attempt." in text
    assert "https://github.com/octo/repo" in text
    assert re.search(r"https://agents\.example\.com/admin/session/\d+/", text)


@pytest.mark.django_db
def test_what_others_wrote_is_shown_and_never_obeyed(full):
    mail, text, html = full
    page = Page(html)
    assert 'Fix <img src="http://evil.example/x.png"> & "quotes" Bcc: eve@example.com' in page.seen
    assert "{{ 7*7 }}" in page.seen
    for part in (text, html, mail.subject):
        assert not {"\x1b", "\u202e", "\r"} & set(part)
        assert "secret-of-the-issue" not in part
    assert "\n" not in mail.subject
    message = mail.message()
    assert message["Bcc"] is None
    assert [message["To"]] == ["ann@example.com"]


@pytest.mark.django_db
def test_the_html_fetches_nothing_and_links_only_to_the_site_and_github(full):
    page = Page(full[2])
    assert not page.tags & {"img", "link", "script", "iframe", "object", "form", "style", "video", "audio"}
    assert page.links
    for link in page.links:
        assert link.startswith(("https://agents.example.com", "https://github.com/octo/"))
    assert "url(" not in full[2]


@pytest.mark.django_db
def test_long_lists_are_cut_and_say_so(settings):
    project, week = create_project(), last_period("weekly", NOW)
    for _ in range(12):
        create_session(project=project, status="needs_review", reason="stopped")
    for _ in range(23):
        ended(project, week.start)
    for _ in range(13):
        create_project()
    _, text, html = composed(settings)
    assert ("and 4 more" in text, "and 4 more" in html) == (True, True)
    assert ("and 2 more" in text, "and 3 more" in text) == (True, True)
    assert ("and 2 more" in html, "and 3 more" in html) == (True, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("waiting", "said"), [(0, "nothing waits"), (1, "1 thing waits for you"), (2, "2 things wait for you")]
)
def test_the_subject_tells_what_is_fixed_and_what_waits(settings, waiting, said):
    project, week = create_project(name="shop"), last_period("weekly", NOW)
    ended(project, week.start)
    for _ in range(waiting):
        create_session(project=project, status="needs_review", reason="stopped")
    mail, _, _ = composed(settings)
    assert mail.subject == f"[shop] Week of 2026-02-23: 1 fixed, {said}"
