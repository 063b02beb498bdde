"""Linking makes the webhook: once, where the token may; else it is a note that leads to the way by hand."""

from __future__ import annotations

import pytest
import requests
from django.urls import reverse

from automation.demo.github import Fault
from automation.models import RepositoryHook
from automation.webhooks import setup
from projects import editing
from projects.access import actor_name
from projects.models import AuditEvent, Role
from tests.automation.pages.test_linking import card, post
from tests.factories import create_user
from tests.linking import link

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(hub, settings, token):
    return link(hub, settings, token)


@pytest.fixture(autouse=True)
def person(client, project):
    """Its manager, signed in."""
    person = create_user(Role.MANAGER, project=project, is_staff=True)
    client.force_login(person)
    return person


@pytest.fixture
def admin_token(hub):
    """The project's token may make webhooks."""
    hub.permit("acme/calc", "autowrkers-bot", "admin")


def hooks_of(hub):
    return list(hub.repository("acme/calc").hooks.values())


def test_the_webhook_is_made_by_the_checks_and_never_twice(client, project, hub, admin_token, person):
    post(client, project, "webhook")
    (hook,) = hooks_of(hub)
    project.refresh_from_db()
    assert (hook.url, project.webhook_credential.reveal()) == (setup.address(), hook.secret)
    assert AuditEvent.objects.get(verb="webhook.made").actor == actor_name(person)
    secret = hook.secret
    for check in ("all", "webhook"):
        assert post(client, project, check).status_code == 302
    assert [(same.id, same.secret) for same in hooks_of(hub)] == [(hook.id, secret)]
    assert "GitHub has the webhook that calls this site" in card(client, project, "webhook")
    assert secret not in card(client, project, "webhook")


def test_two_pages_that_check_at_once_leave_one_webhook_and_its_secret(client, project, hub, admin_token):
    """Between the look of the one and its change the other makes the webhook."""
    url = setup.address()
    made = requests.post(
        f"{hub.api_url}/repos/acme/calc/hooks",
        json={"name": "web", "config": {"url": url, "secret": "of the other"}, "events": ["push"]},
        headers={"Authorization": f"Bearer {project.credential.reveal()}"},
        timeout=10,
    )
    assert made.status_code == 201
    hub.faults.append(Fault("answer", path="/hooks$", method="GET", status=200, body="[]", times=1))
    assert "The webhook is made" in card(client, project, "webhook")
    (hook,) = hooks_of(hub)
    project.refresh_from_db()
    assert project.webhook_credential.reveal() == hook.secret != "of the other"


def test_a_token_that_may_not_make_webhooks_is_a_note_that_leads_to_the_way_by_hand(client, project, hub):
    shown = card(client, project, "webhook")
    assert "The token may not make webhooks in acme/calc" in shown
    assert "make the webhook by hand" in shown
    assert "changes show at the next sync" in shown
    assert reverse("admin:webhook", args=[project.pk]) in shown
    assert "tone-danger" not in shown
    assert "tone-warn" not in shown
    project.refresh_from_db()
    assert (hooks_of(hub), project.webhook_credential) == ([], None)


def test_where_github_cannot_reach_us_it_is_not_asked(client, project, hub, settings):
    settings.SITE_URL, settings.GITHUB_API_URL = "http://127.0.0.1:8000", "https://api.github.com"
    shown = card(client, project, "webhook")
    assert "GitHub cannot reach 127.0.0.1" in shown
    assert "Set SITE_URL" in shown
    assert hub.requests == []


def test_while_github_is_away_no_secret_is_stored_and_a_later_check_makes_it(
    client, project, hub, admin_token
):
    hub.faults.append(Fault("answer", path="/hooks", status=503, body="{}", times=2))
    shown = card(client, project, "webhook")
    assert "changes show at the next sync" in shown
    assert "tone-danger" not in shown
    project.refresh_from_db()
    assert (hooks_of(hub), project.webhook_credential) == ([], None)
    hub.faults.clear()
    assert "The webhook is made" in card(client, project, "webhook")


def test_a_lost_answer_is_mended_by_the_next_check(client, project, hub, admin_token):
    hub.faults.append(Fault("drop_after", path="/hooks$", method="POST", times=1))
    assert "tone-danger" not in card(client, project, "webhook")
    assert "GitHub has the webhook that calls this site" in card(client, project, "webhook")
    (hook,) = hooks_of(hub)
    project.refresh_from_db()
    assert project.webhook_credential.reveal() == hook.secret
    assert RepositoryHook.objects.get().hook_id == hook.id


def test_a_secret_that_a_person_gave_is_kept_and_no_webhook_is_made(client, project, hub, admin_token):
    editing.change(project, [], secrets={"webhook_secret": "ours-together-1"}, actor="mia")
    assert "no webhook of the repository calls this site" in card(client, project, "webhook")
    project.refresh_from_db()
    assert (hooks_of(hub), project.webhook_credential.reveal()) == ([], "ours-together-1")


def test_a_webhook_that_is_switched_off_is_told_and_left(client, project, hub, admin_token):
    post(client, project, "webhook")
    hooks_of(hub)[0].active = False
    assert "switched off on GitHub" in card(client, project, "webhook")
    assert not hooks_of(hub)[0].active
