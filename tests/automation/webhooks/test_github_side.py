"""The webhook on GitHub's side: made once, delivering over real HTTP, and asked again for what we missed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from automation.demo.github import Fault
from automation.models import RepositoryHook, WebhookDelivery
from automation.tend import tend
from automation.webhooks import inbox, missed, receiving, setup
from projects.connection import connect
from projects.errors import OperatorError
from projects.github.errors import MutationUnknown
from projects.models import Credential, Project
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project(hub, settings, token, live_server):
    """Its token administers the repository, and GitHub reaches us."""
    settings.SITE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    hub.permit("acme/calc", "autowrkers-bot", "admin")
    project = link(hub, settings, token, automation_enabled=True)
    tend(project.pk)
    project.refresh_from_db()
    return project


@pytest.fixture
def hooked(hub, project):
    setup.make_on_github(project, actor="mia")
    hub.rest()
    return project


def hooks_of(hub):
    return list(hub.repository("acme/calc").hooks.values())


def guids():
    return set(WebhookDelivery.objects.exclude(event="ping").values_list("delivery_id", flat=True))


def ask_again(project, now=None):
    return missed.ask_again(project, connect(project), now or timezone.now(), lambda: True)


def test_the_webhook_is_made_and_its_ping_arrives(hub, project):
    setup.make_on_github(project, actor="mia")
    hub.rest()
    (hook,) = hooks_of(hub)
    assert (hook.url, hook.events) == (setup.address(), setup.EVENTS)
    project.refresh_from_db()
    assert project.webhook_credential.reveal() == hook.secret
    assert RepositoryHook.objects.get().hook_id == hook.id
    assert WebhookDelivery.objects.get().state == "done"


def test_an_issue_opened_on_github_is_here_with_the_next_round(hub, hooked):
    hub.create_issue("acme/calc", "It rains")
    hub.rest()
    tend(hooked.pk)
    assert hooked.sessions.get().github_issue_title == "It rains"
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"done"}


def test_asked_twice_there_is_one_webhook_with_a_new_secret(hub, hooked):
    (before,) = hooks_of(hub)
    former = before.secret
    setup.make_on_github(hooked, actor="mia")
    (after,) = hooks_of(hub)
    assert after.id == before.id
    assert after.secret != former
    assert Credential.objects.filter(kind=Credential.Kind.WEBHOOK).get().reveal() == after.secret


def test_a_lost_answer_makes_no_second_webhook(hub, project):
    hub.faults.append(Fault("drop_after", path="/hooks$", method="POST"))
    with pytest.raises(MutationUnknown):
        setup.make_on_github(project, actor="mia")
    assert len(hooks_of(hub)) == 1
    setup.make_on_github(project, actor="mia")
    (hook,) = hooks_of(hub)
    project.refresh_from_db()
    assert project.webhook_credential.reveal() == hook.secret


def test_a_token_that_may_not_is_told_so_and_nothing_is_stored(hub, project):
    hub.permit("acme/calc", "autowrkers-bot", "write")
    with pytest.raises(OperatorError, match="make the webhook by hand"):
        setup.make_on_github(project, actor="mia")
    project.refresh_from_db()
    assert project.webhook_credential is None
    assert not RepositoryHook.objects.exists()


def test_a_refused_change_leaves_the_former_secret(hub, hooked):
    former = Credential.objects.get(kind=Credential.Kind.WEBHOOK).reveal()
    refusal = '{"message": "Validation Failed", "documentation_url": "https://docs.github.com"}'
    hub.faults.append(Fault("answer", path="/hooks/", method="PATCH", status=422, body=refusal))
    with pytest.raises(OperatorError):
        setup.make_on_github(hooked, actor="mia")
    assert Credential.objects.get(kind=Credential.Kind.WEBHOOK).reveal() == former


@pytest.mark.parametrize(
    ("site", "api", "reachable"),
    [
        ("http://127.0.0.1:8000", "https://api.github.com", False),
        ("http://localhost:8000", "https://github.example.com/api/v3", False),
        ("http://10.1.2.3", "https://api.github.com", False),
        ("https://autowrkers", "https://api.github.com", False),
        ("http://[::1]:8000", "https://api.github.com", False),
        ("https://work.example.com", "https://api.github.com", True),
        ("http://10.1.2.3", "https://github.example.com/api/v3", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:9000/api/v3", True),
    ],
)
def test_an_address_that_github_cannot_reach_is_told_before_anything_is_made(settings, site, api, reachable):
    settings.SITE_URL, settings.GITHUB_API_URL = site, api
    assert (setup.why_unreachable() == "") is reachable


def test_what_failed_while_we_were_down_is_asked_for_once_and_arrives(hub, hooked, monkeypatch):
    with monkeypatch.context() as down:
        down.setattr(receiving.signatures, "digest_in", lambda header: None)
        for title in ("one", "two"):
            hub.create_issue("acme/calc", title)
        hub.rest()
    assert guids() == set()
    assert ask_again(hooked) == 2
    hub.rest()
    assert len(guids()) == 2
    RepositoryHook.objects.update(checked_at=None)
    assert ask_again(hooked) == 0
    assert [sent.redelivery for sent in hooks_of(hub)[0].deliveries].count(True) == 2


def test_what_fails_again_is_asked_for_one_at_a_time_until_we_are_back_and_then_all(hub, hooked, monkeypatch):
    now = timezone.now().replace(microsecond=0)
    with monkeypatch.context() as down:
        down.setattr(inbox, "keep", lambda *args, **kwargs: fail())
        for title in ("one", "two", "three"):
            hub.create_issue("acme/calc", title)
        hub.rest()
        first = now - timedelta(hours=7)
        for sent in hooks_of(hub)[0].deliveries:
            sent.delivered_at = first
        asked = []
        for quarter in range(25):  # six hours
            asked.append(ask_again(hooked, now + (quarter + 1) * missed.EVERY))
            hub.rest()
    assert asked == [3, *[1] * 24]
    assert guids() == set()
    assert RepositoryHook.objects.get().owed_since == first
    asked = [
        ask_again(hooked, now + quarter * missed.EVERY) for quarter in (26, 27, 28) if hub.rest() is None
    ]
    assert asked == [1, 2, 0]
    assert len(guids()) == 3
    assert RepositoryHook.objects.get().owed_since is None


def fail():
    raise receiving.AnyDatabaseError("the connection is gone")


def test_what_we_refuse_a_second_time_is_not_asked_for_again(hub, hooked, monkeypatch):
    monkeypatch.setattr(receiving.signatures, "digest_in", lambda header: None)
    hub.create_issue("acme/calc", "one")
    hub.rest()
    now = timezone.now()
    asked = [ask_again(hooked, now + quarter * missed.EVERY) for quarter in (1, 2) if hub.rest() is None]
    assert asked == [1, 0]


def test_what_arrived_in_spite_of_a_failed_answer_is_not_asked_for(hub, hooked, monkeypatch):
    keep = inbox.keep

    def keep_and_fail(*args, **kwargs):
        keep(*args, **kwargs)
        raise receiving.AnyDatabaseError("the connection is gone")

    with monkeypatch.context() as down:
        down.setattr(inbox, "keep", keep_and_fail)
        hub.create_issue("acme/calc", "one")
        hub.rest()
    assert len(guids()) == 1
    assert ask_again(hooked) == 0


def test_githubs_log_is_read_every_quarter_of_an_hour_and_after_a_gap(hub, hooked):
    now = timezone.now()
    RepositoryHook.objects.update(checked_at=now - timedelta(minutes=14))
    hub.requests.clear()
    hooked.last_tended_at = now - timedelta(seconds=15)
    ask_again(hooked, now)
    assert not hub.requests
    hooked.last_tended_at = now - timedelta(minutes=6)
    ask_again(hooked, now)
    assert len(hub.requests) == 1
    ask_again(hooked, now + timedelta(minutes=1))
    assert len(hub.requests) == 1
    ask_again(hooked, now + timedelta(minutes=16))
    assert len(hub.requests) == 2


def test_a_log_without_news_costs_nothing_of_the_hour(hub, hooked):
    now = timezone.now()
    ask_again(hooked, now)
    hub.requests.clear()
    ask_again(hooked, now + missed.EVERY)
    assert [seen.status for seen in hub.requests] == [304]
    hub.create_issue("acme/calc", "News")
    hub.rest()
    ask_again(hooked, now + 2 * missed.EVERY)
    assert [seen.status for seen in hub.requests] == [304, 200]


def test_a_webhook_that_was_removed_on_github_is_forgotten_and_troubles_nobody(hub, hooked):
    hub.repository("acme/calc").hooks.clear()
    RepositoryHook.objects.update(checked_at=None)
    tend(hooked.pk)
    assert not RepositoryHook.objects.exists()
    assert Project.objects.get().error_code == ""


def test_a_token_that_may_not_see_webhooks_for_a_while_costs_no_delivery(hub, hooked, monkeypatch):
    with monkeypatch.context() as down:
        down.setattr(receiving.signatures, "digest_in", lambda header: None)
        hub.create_issue("acme/calc", "one")
        hub.rest()
    now = timezone.now()
    hub.permit("acme/calc", "autowrkers-bot", "write")
    for quarter in range(1, 8):  # longer than what is read twice
        assert ask_again(hooked, now + quarter * missed.EVERY) == 0
    hub.permit("acme/calc", "autowrkers-bot", "admin")
    assert ask_again(hooked, now + 8 * missed.EVERY) == 1
    hub.rest()
    assert len(guids()) == 1


def test_changes_of_others_put_redeliveries_off_and_nothing_else_of_the_project(hub, hooked, monkeypatch):
    with monkeypatch.context() as down:
        down.setattr(receiving.signatures, "digest_in", lambda header: None)
        hub.create_issue("acme/calc", "one")
        hub.rest()
    credential = Credential.objects.filter(pk=hooked.credential_id)
    credential.update(rate_change_at=timezone.now() + timedelta(seconds=50))
    Project.objects.update(last_synced_at=None)
    assert tend(hooked.pk)
    hub.rest()
    assert (guids(), hooked.sessions.count(), Project.objects.get().error_code) == (set(), 1, "")
    credential.update(rate_change_at=None, rate_changes=[timezone.now().timestamp()] * 80)
    assert tend(hooked.pk)
    hub.rest()
    assert len(guids()) == 1


def test_after_four_days_without_a_receiver_the_last_three_are_asked_for_and_the_sync_sees_the_rest(
    hub, hooked, monkeypatch
):
    now = timezone.now()
    with monkeypatch.context() as down:
        down.setattr(receiving.signatures, "digest_in", lambda header: None)
        for title in ("four days ago", "three days ago", "two days ago", "lately"):
            hub.create_issue("acme/calc", title)
        hub.rest()
    sent = [each for each in hooks_of(hub)[0].deliveries if each.event == "issues"]
    for delivery, hours in zip(sent, (1, 48, 73, 95), strict=True):
        delivery.delivered_at = now - timedelta(hours=hours)
    away = now - timedelta(days=4)
    RepositoryHook.objects.update(checked_at=away)
    Project.objects.update(last_tended_at=away, last_synced_at=away, sync_requested_at=None)
    tend(hooked.pk)
    hub.rest()
    assert guids() == {delivery.guid for delivery in sent[:2]}
    assert hooked.sessions.count() == 4
    tend(hooked.pk)
    RepositoryHook.objects.update(checked_at=now - timedelta(minutes=16))
    assert ask_again(Project.objects.get()) == 0, "none is asked for twice"
