"""The Webhook page: made on GitHub where the token may, else shown to be pasted, the secret once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from automation.models import WebhookDelivery
from automation.webhooks import setup
from projects.models import Credential, Role
from tests.factories import create_project, create_user
from tests.linking import link

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(hub, settings, token):
    return link(hub, settings, token)


@pytest.fixture
def manager(client, project):
    client.force_login(create_user(Role.MANAGER, project=project, is_staff=True))
    return client


def page_of(project, name="webhook"):
    return reverse(f"admin:{name}", args=[project.pk])


def text_of(answer):
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def stored():
    return Credential.objects.filter(kind=Credential.Kind.WEBHOOK).get().reveal()


def test_the_page_says_what_to_fill_in_on_github(manager, project):
    text = text_of(manager.get(page_of(project)))
    assert "Not set" in text
    assert setup.address() in text
    assert ", ".join(setup.EVENTS) in text
    assert f"{project.web_url}/settings/hooks/new" in text


def mark_of(client, project):
    """What the page's form carries."""
    return {"mark": client.get(page_of(project)).context["mark"]}


def test_a_new_secret_is_shown_once(manager, project):
    answer = manager.post(page_of(project, "webhook-secret"), mark_of(manager, project))
    secret = re.search(r'id="webhook-secret">([^<]+)<', text_of(answer))[1]
    assert secret == stored()
    assert "no-store" in answer["Cache-Control"]
    text = text_of(manager.get(page_of(project)))
    assert secret not in text
    assert "Nothing delivered yet" in text


def test_a_reload_of_the_page_that_shows_a_secret_replaces_nothing(manager, project):
    mark = mark_of(manager, project)
    text = text_of(manager.post(page_of(project, "webhook-secret"), mark))
    assert 'name="mark"' in text
    kept = stored()
    again = manager.post(page_of(project, "webhook-secret"), mark)
    assert again.status_code == 400
    assert "nothing was replaced" in again.content.decode()
    assert kept not in again.content.decode()
    assert stored() == kept
    assert manager.post(page_of(project, "webhook-secret"), mark_of(manager, project)).status_code == 200
    assert stored() != kept


@pytest.mark.parametrize("mark", [{}, {"mark": "x"}, {"mark": "\u202e:a:b"}])
def test_a_button_that_was_not_shown_makes_no_secret(manager, project, mark):
    assert manager.post(page_of(project, "webhook-secret"), mark).status_code == 400
    assert not Credential.objects.filter(kind=Credential.Kind.WEBHOOK).exists()


def test_a_mark_is_good_for_its_own_project_alone(manager, project):
    foreign = create_project()
    foreign.memberships.create(user=manager.get("/admin/").wsgi_request.user, role=Role.MANAGER)
    mark = mark_of(manager, project)
    assert manager.post(page_of(project, "webhook-secret"), mark).status_code == 200
    assert manager.post(page_of(foreign, "webhook-secret"), mark).status_code == 400


def test_a_button_makes_it_on_github(hub, manager, project):
    hub.permit("acme/calc", "autowrkers-bot", "admin")
    answer = manager.post(page_of(project, "webhook-make"), follow=True)
    assert "The webhook is made on GitHub" in text_of(answer)
    (hook,) = hub.repository("acme/calc").hooks.values()
    assert hook.secret == stored()
    WebhookDelivery.objects.create(delivery_id="d", event="ping", project=project, state="done")
    assert "Works" in text_of(manager.get(page_of(project)))


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [
        (6, "done", "Works"),
        (6, "ignored", "Works"),
        (0, "failed", "The last delivery failed"),
        (28, "failed", "The last delivery failed"),
        (8, "done", "Nothing delivered for a week"),
    ],
)
def test_it_works_when_the_last_delivery_came_lately_and_did_not_fail(manager, project, days, state, said):
    setup.new_secret(project, actor="mia")
    WebhookDelivery.objects.create(delivery_id="d", event="issues", project=project, state=state)
    WebhookDelivery.objects.update(received_at=timezone.now() - timedelta(days=days))
    text = text_of(manager.get(page_of(project)))
    assert said in text
    assert ("Works" in text) is (said == "Works")


def test_a_token_that_may_not_leaves_the_way_by_hand(hub, manager, project):
    answer = manager.post(page_of(project, "webhook-make"), follow=True)
    assert "make the webhook by hand" in text_of(answer)
    assert not hub.repository("acme/calc").hooks


def test_where_github_cannot_reach_us_only_polling_is_offered(manager, project, settings):
    settings.SITE_URL, settings.GITHUB_API_URL = "http://127.0.0.1:8000", "https://api.github.com"
    text = text_of(manager.get(page_of(project)))
    assert "GitHub cannot reach 127.0.0.1" in text
    assert page_of(project, "webhook-make") not in text


def test_only_managers_come_here(client, project):
    client.force_login(create_user(Role.OPERATOR, project=project, is_staff=True))
    assert client.get(page_of(project)).status_code == 403
    assert client.post(page_of(project, "webhook-secret")).status_code == 403
    assert client.get(page_of(create_project())).status_code == 404
