"""/metrics: there only with a token, for who knows it, and right at the moment of asking."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from prometheus_client.parser import text_string_to_metric_families

from automation import hosts
from automation.models import Alert, WebhookDelivery
from issues.models import IssueSession
from projects import leases
from tests.factories import create_attempt, create_credential, create_project, create_session

TOKEN = "canary-metrics-token"


@pytest.fixture
def scrape(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def ask(authorization=f"Bearer {TOKEN}"):
        return client.get("/metrics", headers={"Authorization": authorization})

    return ask


@pytest.fixture
def figures(scrape):
    def read():
        families = text_string_to_metric_families(scrape().content.decode())
        return {
            (sample.name.removeprefix("autowrkers_"), *sample.labels.values()): sample.value
            for family in families
            for sample in family.samples
        }

    return read


def measured(login, remaining):
    credential = create_credential()
    credential.login, credential.rate_remaining, credential.rate_limit = login, remaining, 5000
    credential.save(update_fields=["login", "rate_remaining", "rate_limit"])
    return credential


def test_without_a_token_in_the_settings_there_is_no_such_page(client, db):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", "Bearer \xe9", "Basic x"]
)
def test_who_does_not_know_the_token_reads_nothing(scrape, given):
    answer = scrape(given)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="metrics"')
    assert b"autowrkers_" not in answer.content


@pytest.mark.django_db
def test_every_figure_is_that_of_the_database(figures):
    now = timezone.now()
    project = create_project(github_repo="octo/one")
    waiting = create_session(project=project, queued_at=now - timedelta(seconds=100))
    create_session(project=project, status="failed")
    running = create_session(project=project, status="in_progress")
    hosts.beat(hosts.SESSIONS, has_begun=True)
    leases.claim(IssueSession, running.pk)
    create_attempt(waiting, input_tokens=7, output_tokens=3, cost_usd=Decimal("0.25"))
    create_attempt(running, number=2, input_tokens=None, cost_usd=None)
    credential = measured("ada", 42)
    WebhookDelivery.objects.create(delivery_id="1", event="push")
    WebhookDelivery.objects.create(delivery_id="2", event="push", state="done")
    Alert.objects.create(kind="disk_low", subject="x", message="m", first_at=now, last_at=now)
    OrmQ.objects.create(key="sessions", payload="", lock=now - timedelta(seconds=50))
    found = figures()
    (host,) = hosts.standings()
    assert found[("sessions", "octo/one", "failed")] == 1
    assert found[("sessions", "octo/one", "in_progress")] == 1
    assert 100 <= found[("oldest_queued_seconds",)] < 160
    assert (found[("leases",)], found[("lease_age_seconds",)] < 30) == (1, True)
    assert (found[("host_slots", host.name)], found[("host_running", host.name)]) == (host.row.slots, 1)
    assert found[("host_part_age_seconds", host.name, "sessions")] < 30
    assert found[("quota_remaining", str(credential.pk), "ada")] == 42
    assert found[("attempts_so_far", "octo/one")] == 2
    assert (found[("input_tokens_so_far", "octo/one")], found[("cost_usd_so_far", "octo/one")]) == (7, 0.25)
    assert found[("webhook_deliveries_undone", "received")] == 1
    assert ("webhook_deliveries_undone", "done") not in found
    assert found[("alerts_open", "disk_low")] == 1
    assert (found[("queue_messages", "sessions")], found[("queue_messages", "queue")]) == (1, 0)
    assert 50 <= found[("queue_oldest_seconds", "sessions")] < 110


@pytest.mark.django_db
def test_what_is_asked_does_not_grow_with_what_there_is(scrape, django_assert_num_queries):
    hosts.beat(hosts.SESSIONS)
    with django_assert_num_queries(10):
        assert scrape().status_code == 200
    for number in range(5):
        session = create_session(status="in_progress")
        create_attempt(session)
        leases.claim(IssueSession, session.pk)
        measured(f"user{number}", number)
    with django_assert_num_queries(10):
        scrape()
