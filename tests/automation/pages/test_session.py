"""The page of a session: who sees it and which buttons, what its head says, and that no tab grows with its rows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from issues.models import IssueSession, SessionEvent
from issues.states import Status
from projects import leases
from tests.factories import create_attempt, create_membership, create_result, create_session, create_user

pytestmark = pytest.mark.django_db
TABS = ["overview", "attempts", "verification", "log", "diff", "timeline"]


def look(client, session, tab="overview", role="operator", **parameters):
    user = create_user(is_staff=True)
    create_membership(project=session.project, user=user, role=role)
    client.force_login(user)
    return client.get(reverse("admin:session", args=[session.pk]), {"tab": tab} | parameters)


def html(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def buttons(text):
    return [
        verb
        for verb in ("start", "retry", "skip", "stop")
        if f'/{verb}/"' in text or f"/{verb}/?next=" in text
    ]


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_a_session_that_nobody_has_begun_says_what_comes(client, tab):
    text = html(look(client, create_session(), tab))
    assert f'href="?tab={tab}" aria-current="page"' in text
    assert text.count("<h1") == 1


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"tab": "secrets"}, "A session has no tab"),
        ({"tab": "overview", "x": "1"}, "does not know the parameter"),
        ({"tab": "timeline", "before": "-1"}, "The parameter before is"),
    ],
)
def test_what_no_link_asks_for_is_refused_with_a_sentence(client, parameters, sentence):
    answer = look(client, create_session(), **parameters)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


@pytest.mark.parametrize(("tab", "name"), [("attempts", "prompt"), ("diff", "attempt"), ("log", "attempt")])
def test_an_attempt_that_is_not_there_is_not_found(client, tab, name):
    session = create_session()
    create_attempt(session, number=1)
    assert look(client, session, tab, **{name: "7"}).status_code == 404


def test_a_foreign_session_is_not_found(client):
    mine, foreign = create_session(), create_session()
    look(client, mine)
    assert client.get(reverse("admin:session", args=[foreign.pk])).status_code == 404
    assert client.get(reverse("admin:diff-raw", args=[foreign.pk])).status_code == 404


def test_who_may_only_look_gets_no_button(client):
    session = create_session(status=Status.FAILED)
    assert buttons(html(look(client, session, role="viewer"))) == []
    assert "retry" in buttons(html(look(client, session, role="operator")))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"status": "pending"}, ["start", "skip"]),
        ({"status": "pending", "queued_at": timezone.now(), "queued_by": "ann"}, ["skip", "stop"]),
        ({"status": "needs_review"}, ["start", "skip"]),
        ({"status": "pr_created", "pr_number": 3}, ["skip", "stop"]),
        ({"status": "skipped"}, ["start"]),
        ({"status": "completed", "issue_state": "closed"}, []),
        ({"status": "skipped", "issue_state": "closed"}, []),
        ({"status": "completed", "issue_state": "open"}, ["start"]),
    ],
)
def test_only_buttons_that_change_something_are_shown(client, values, expected):
    assert buttons(html(look(client, create_session(**values), "attempts"))) == expected


def test_a_parked_session_can_be_started_and_a_running_one_not(client):
    later = timezone.now() + timedelta(hours=1)
    queued = {"status": "in_progress", "queued_at": timezone.now(), "queued_by": "ann"}
    assert "start" in buttons(html(look(client, create_session(not_before=later, **queued))))
    assert buttons(html(look(client, create_session(**queued)))) == ["skip", "stop"]


def test_a_wish_that_is_recorded_already_has_no_button_and_is_told(client):
    session = create_session(
        status="in_progress", requested_verb="stop", requested_by="ann", queued_at=timezone.now()
    )
    text = html(look(client, session))
    assert "ann has asked to stop it." in text
    assert buttons(text) == ["skip"]


def test_a_click_on_an_old_page_comes_back_with_the_refusal(client):
    session = create_session(status=Status.COMPLETED)
    look(client, session)
    here = f"{reverse('admin:session', args=[session.pk])}?tab=timeline"
    answer = client.post(
        reverse("admin:session-verb", args=[session.pk, "retry"]), {"next": here}, follow=True
    )
    assert answer.redirect_chain[-1][0] == here
    assert "completed cannot be asked to retry" in html(answer)


def test_the_head_says_attempt_cost_and_links(client):
    session = create_session(
        status="pr_created",
        attempts=1,
        pr_number=9,
        pr_state="open",
        started_at=timezone.now() - timedelta(hours=3),
    )
    for number, cost in ((1, Decimal("1.20")), (2, None)):
        create_attempt(session, number=number, cost_usd=cost, ended_at=timezone.now())
    text = html(look(client, session, "attempts"))
    assert "<dt>Attempt</dt><dd>2</dd>" in text
    assert "<dt>Failed tries</dt><dd>1 of 3</dd>" in text
    assert "<dt>Since its start</dt><dd>3 h</dd>" in text
    assert "at least $ 1.20" in text
    assert "3 h" in text
    assert f'href="{session.pr_url}"' in text
    assert f'href="{session.issue_url}"' in text
    assert reverse("admin:board", args=[session.project_id]) in text


def test_a_running_attempt_has_no_price_yet_and_one_without_price_is_unknown(client):
    session = create_session(status="in_progress")
    create_attempt(session)
    assert "<dt>Cost</dt><dd>–</dd>" in html(look(client, session))
    create_attempt(session, ended_at=timezone.now())
    assert "<dt>Cost</dt><dd>unknown</dd>" in html(look(client, session))


@pytest.mark.parametrize("tab", TABS)
def test_hostile_text_is_inert_on_every_tab(client, settings, tmp_path, tab):
    settings.AUTOWRKERS_LOG_ROOT = tmp_path
    evil, token = "<script>alert(1)</script>\u202e\x1b[31m", "ghp_" + "a1" * 18
    text = f"{evil} {token}"
    session = create_session(
        status="needs_review", reason="agent_asked", last_error=text, github_issue_title=text, github_issue_body=text,
        github_issue_labels=[evil], issue_author=evil, branch_name=evil, manual_review=True, manual_review_reason=text,
        complexity_reasons=[evil], queued_by=evil,
    )  # fmt: skip
    attempt = create_attempt(session, number=1, counted=True, message=text, summary=text, outcome="crashed")
    create_result(session, attempt=attempt, passed=False, name=evil, command=text, output=text)
    SessionEvent.objects.create(
        issue_session=session, actor=evil, verb=evil, message=text, evidence={"a": text}
    )
    shown = html(look(client, session, tab))
    assert "<script>alert" not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert token not in shown


@pytest.mark.parametrize("tab", TABS)
def test_the_number_of_queries_does_not_grow(client, django_assert_max_num_queries, tab):
    def fill(session, count):
        for number in range(1, count + 1):
            attempt = create_attempt(session, number=number, counted=True, ended_at=timezone.now())
            for name in ("lint", "test"):
                create_result(session, attempt=attempt, name=name, passed=False)
            SessionEvent.objects.create(issue_session=session, actor="a", verb="moved")
            session.effects.create(round=1, kind="push", ordinal=number)
        IssueSession.objects.filter(pk=session.pk).update(session=attempt)

    session = create_session(status="failed", attempts=3)
    fill(session, 2)
    user = create_user(is_staff=True)
    create_membership(project=session.project, user=user, role="operator")
    client.force_login(user)
    with django_assert_max_num_queries(30) as few:
        client.get(reverse("admin:session", args=[session.pk]), {"tab": tab})
    other = create_session(project=session.project, status="failed", attempts=3)
    fill(other, 45)
    with django_assert_max_num_queries(30) as many:
        client.get(reverse("admin:session", args=[other.pk]), {"tab": tab})
    assert len(many) == len(few)
    assert len(many) <= 14


def test_a_tab_reads_only_its_own_rows(client, django_assert_max_num_queries):
    session = create_session(status="failed")
    look(client, session)
    with django_assert_max_num_queries(30) as queries:
        client.get(reverse("admin:session", args=[session.pk]), {"tab": "timeline"})
    assert not any('"verification_verificationresult"' in query["sql"] for query in queries)


def test_a_session_that_a_worker_holds_says_what_is_done(client):
    session = create_session(status="in_progress", step="verify", queued_at=timezone.now())
    leases.claim(IssueSession, session.pk)
    assert "the checks run" in html(look(client, session))


def test_the_stock_list_leads_to_the_page(client):
    session = create_session()
    look(client, session)
    url = reverse("admin:session", args=[session.pk])
    assert f'<a href="{url}">#{session.github_issue_number}' in html(
        client.get(reverse("admin:issues_issuesession_changelist"))
    )
