"""What an App's own webhook could not deliver: asked for again by whichever of its projects comes first."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from automation.demo.github import Fault, hook_log
from automation.models import AppHook, WebhookDelivery
from automation.tend import tend
from automation.webhooks import missed, receiving
from projects import app_tokens
from projects.connection import connect
from projects.github.errors import GitHubError
from projects.models import Credential, Project
from tests.github_app import link_by_app


@pytest.fixture
def missed_one(made, hub, settings, monkeypatch):
    """A project that is linked by the App, of which one delivery found nobody."""
    hub.create_repository("acme/other")
    hub.apps.installations[made.installation].repositories.add(hub.repository("acme/other").id)
    project = link_by_app(hub, settings, made, automation_enabled=True)
    with monkeypatch.context() as down:
        down.setattr(receiving.signatures, "digest_in", lambda header: None)
        hub.create_issue("acme/calc", "one")
        hub.rest()
    assert not deliveries_of(project)
    return project


def deliveries_of(project):
    return list(WebhookDelivery.objects.filter(project=project).values_list("event", flat=True))


def ask_again(project, now=None, may_go_on=lambda: True):
    return missed.ask_again(project, connect(project), now or timezone.now(), may_go_on)


def asked_as_app(hub):
    return [sent for sent in hub.requests if sent.path.startswith("/app/hook/deliveries")]


def test_what_an_apps_webhook_could_not_deliver_is_asked_for_once_and_arrives(made, hub, missed_one):
    assert ask_again(missed_one) == 1
    hub.rest()
    assert deliveries_of(missed_one) == ["issues"]
    assert ask_again(missed_one, timezone.now() + missed.EVERY) == 0
    assert [sent.redelivery for sent in made.hook.deliveries].count(True) == 1
    assert AppHook.objects.get().owed_since is None


def test_one_of_the_apps_projects_reads_its_log_for_all(made, hub, settings, missed_one, monkeypatch):
    other = link_by_app(hub, settings, made, github_repo="acme/other")
    is_due = missed._is_due

    def be_overtaken(*args):
        monkeypatch.setattr(missed, "_is_due", is_due)
        assert ask_again(other) == 1
        return is_due(*args)

    monkeypatch.setattr(missed, "_is_due", be_overtaken)
    assert ask_again(missed_one) == 0
    assert ask_again(other) == 0
    assert [sent.method for sent in asked_as_app(hub)] == ["GET", "POST"]


def test_a_round_without_an_answer_asks_again_a_quarter_of_an_hour_later(made, hub, missed_one):
    now = timezone.now()
    made.hook.deliveries[0].delivered_at = now - 10 * missed.OVERLAP
    hub.faults.append(Fault("answer", path="/app/hook/deliveries", times=2, status=502, body="{}"))
    with pytest.raises(GitHubError):
        ask_again(missed_one, now)
    hub.faults.clear()
    assert ask_again(missed_one, now + missed.EVERY - timedelta(seconds=1)) == 0
    assert ask_again(missed_one, now + missed.EVERY) == 1


@pytest.mark.parametrize("status", [403, 404, 429])
def test_what_github_refuses_the_app_is_no_trouble_of_the_project(made, hub, missed_one, status):
    now = timezone.now()
    made.hook.deliveries[0].delivered_at = now - 10 * missed.OVERLAP
    refusal = Fault("answer", path="/app/hook/deliveries", times=99, status=status, body="{}")
    hub.faults.append(refusal)
    assert tend(missed_one.pk)
    assert refusal.times < 99
    assert Project.objects.get(pk=missed_one.pk).error_code == ""
    hub.faults.clear()
    Credential.objects.update(rate_retry_at=None)
    assert ask_again(missed_one, now + missed.EVERY - timedelta(seconds=1)) == 0
    assert ask_again(missed_one, now + 2 * missed.EVERY) == 1


@pytest.mark.parametrize(("left", "asked"), [(1001, 1), (1000, 0)])
def test_a_part_of_the_apps_hour_is_left_to_making_tokens(made, hub, missed_one, left, asked):
    limits = {"Limit": 5000, "Remaining": left, "Reset": int(time.time()) + 1800}
    headers = {f"X-RateLimit-{name}": str(number) for name, number in limits.items()}
    log = json.dumps([hook_log._show(made.hook.deliveries[0])])
    hub.faults.append(Fault("answer", path="/deliveries$", status=200, headers=headers, body=log))
    app_tokens._kept.clear()
    assert ask_again(missed_one) == asked
    assert [sent.method for sent in asked_as_app(hub)].count("POST") == asked
    app_tokens._kept.clear()
    assert connect(missed_one).get_repository("acme/calc").default_branch == "main"


@pytest.mark.parametrize("status", [404, 422])
def test_a_delivery_that_github_does_not_send_again_keeps_none_of_the_others(made, hub, missed_one, status):
    (one,) = (each for each in made.hook.deliveries if each.event == "issues")
    other = replace(one, id=hub._ledger.next_id(), guid="another")
    made.hook.deliveries.insert(0, other)
    path = f"/app/hook/deliveries/{other.id}/attempts"
    hub.faults.append(Fault("answer", path=path, method="POST", status=status, body="{}"))
    assert ask_again(missed_one) == 1
    hub.rest()
    assert deliveries_of(missed_one) == ["issues"]
    assert AppHook.objects.get().owed_since is not None


def test_a_round_that_is_broken_off_is_gone_on_with_by_the_next_of_any_project(
    made, hub, settings, missed_one
):
    other = link_by_app(hub, settings, made, github_repo="acme/other")
    now = timezone.now()
    AppHook.objects.create(app=missed_one.credential.app, checked_at=now - missed.EVERY)
    (one,) = (each for each in made.hook.deliveries if each.event == "issues")
    for number in range(5):
        made.hook.deliveries.insert(0, replace(one, id=hub._ledger.next_id(), guid=f"more-{number}"))
    asked = []
    for round_, project in enumerate([missed_one, other, missed_one]):
        answers = iter([True] * 5)  # for the part, for two pages, for two redeliveries
        asked.append(
            ask_again(project, now + round_ * timedelta(minutes=1), lambda left=answers: next(left, False))
        )
        hub.rest()
    assert asked == [2, 2, 2]


def test_no_page_of_the_log_is_read_when_the_round_is_over(made, hub, missed_one):
    (one,) = (each for each in made.hook.deliveries if each.event == "issues")
    made.hook.deliveries[:0] = [
        replace(one, id=hub._ledger.next_id(), guid=f"more-{number}", status=202) for number in range(250)
    ][::-1]
    hub.requests.clear()
    answers = iter([True] * 2)
    now = timezone.now()
    assert ask_again(missed_one, now, lambda: next(answers, False)) == 0
    assert [sent.method for sent in asked_as_app(hub)] == ["GET"]
    assert ask_again(missed_one, now) == 1


def test_a_log_of_many_deliveries_is_compared_with_ours_in_parts(made, hub, missed_one, monkeypatch):
    monkeypatch.setattr(missed, "BATCH", 2)
    (one,) = (each for each in made.hook.deliveries if each.event == "issues")
    for number in range(5):
        made.hook.deliveries.insert(0, replace(one, id=hub._ledger.next_id(), guid=f"more-{number}"))
        WebhookDelivery.objects.create(delivery_id=f"more-{number}", event="issues")
    with CaptureQueriesContext(connection) as asked:
        assert ask_again(missed_one) == 1
    assert all(each["sql"].count("more-") <= 2 for each in asked.captured_queries)


def test_a_log_without_end_is_read_as_far_as_leaves_time_to_ask(made, hub, missed_one, monkeypatch):
    monkeypatch.setattr(missed, "MOST_PAGES", 2)
    (one,) = (each for each in made.hook.deliveries if each.event == "issues")
    newer = [
        replace(one, id=hub._ledger.next_id(), guid=f"more-{number}", status=202) for number in range(250)
    ]
    newer[-1].status = 0
    made.hook.deliveries[:0] = newer[::-1]
    assert ask_again(missed_one) == 1
    assert [sent.method for sent in asked_as_app(hub)] == ["GET", "GET", "POST"]


@pytest.mark.parametrize(
    ("ahead", "missed_at"),
    [
        (timedelta(seconds=30), missed.OVERLAP - timedelta(seconds=15)),
        (timedelta(days=1), timedelta(hours=5)),
    ],
)
def test_after_a_clock_that_was_ahead_what_was_missed_is_asked_for(made, missed_one, ahead, missed_at):
    now = timezone.now()
    AppHook.objects.create(app=missed_one.credential.app, checked_at=now + ahead)
    made.hook.deliveries[0].delivered_at = now - missed_at
    assert ask_again(missed_one, now) == 1


def test_an_app_that_delivers_elsewhere_is_asked_for_nothing(made, hub, missed_one):
    made.hook.url = "http://127.0.0.1:9/elsewhere"
    assert ask_again(missed_one) == 0
    assert not asked_as_app(hub)
