"""Tokens of people's accounts: renewed in time, once, stored before use; what is lost is said plainly."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from automation.demo.github import Fault
from projects import account_tokens, accounts, leases
from projects.errors import Retryable
from projects.github.exchange import ConnectAgain, exchange_code
from projects.github.person import Person
from projects.models import Credential
from tests.factories import create_user
from tests.linking import point_at

pytestmark = pytest.mark.django_db
CALLBACK = "http://127.0.0.1/back"


@pytest.fixture
def credential(hub, settings):
    """alice's, as connecting it stores it."""
    point_at(hub, settings)
    client = settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET = hub.accounts.register(CALLBACK)
    code = hub.accounts.consent({"client_id": client[0], "redirect_uri": CALLBACK})
    tokens = exchange_code(hub.web_url, client=client, code=code, verifier="", callback=CALLBACK)
    identity = accounts.connect(create_user(), Person(7, "alice"), tokens, client[0])
    return identity.credential


def pass_time(credential, *, minutes_left=1):
    Credential.objects.filter(pk=credential.pk).update(
        expires_at=timezone.now() + timedelta(minutes=minutes_left)
    )


def token(credential):
    return account_tokens.token_giver(credential)()


def test_a_token_that_is_good_for_long_is_used_as_it_is(credential, hub):
    first = token(credential)
    assert token(credential) == first
    assert hub.accounts.refreshed == 0


def test_one_that_ends_soon_is_renewed_and_stored_encrypted_before_it_is_used(credential, hub):
    former = token(credential)
    pass_time(credential)
    fresh = token(credential)
    assert fresh != former
    assert fresh in hub._gate.tokens
    assert former not in hub._gate.tokens
    stored = Credential.objects.get(pk=credential.pk)
    assert stored.parts()["access"] == fresh
    assert stored.expires_at > timezone.now() + timedelta(hours=7)
    assert (stored.lease_owner, stored.lease_until) == ("", None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM projects_credential")
        assert fresh.encode() not in bytes(cursor.fetchone()[0])
    assert token(credential) == fresh
    assert hub.accounts.refreshed == 1


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_two_that_renew_at_once_ask_github_once(credential, hub):
    pass_time(credential)
    gate, said = threading.Barrier(4), []

    def use():
        gate.wait()
        try:
            said.append(token(credential))
        except Retryable as error:
            said.append(error.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 4
    assert hub.accounts.refreshed == 1
    assert token(credential) in hub._gate.tokens


def test_who_gets_the_lease_after_another_has_renewed_asks_no_more(credential, hub, monkeypatch):
    pass_time(credential)
    claim, before = leases.claim, []

    def late_claim(model, pk):
        if not before:
            before.append("another process is quicker")
            before.append(token(credential))
        return claim(model, pk)

    monkeypatch.setattr(leases, "claim", late_claim)
    assert token(credential) == before[1]
    assert hub.accounts.refreshed == 1


def test_while_another_process_renews_it_the_old_one_serves_to_its_end(credential, hub):
    former = token(credential)
    pass_time(credential)
    lease = leases.claim(Credential, credential.pk)
    assert token(credential) == former
    pass_time(credential, minutes_left=-1)
    with pytest.raises(Retryable) as refusal:
        token(credential)
    assert refusal.value.retry_at > timezone.now()
    leases.release(lease)
    assert token(credential) != former


def test_a_lost_answer_is_asked_for_again_and_then_said_plainly(credential, hub):
    """The refresh token was used up by the exchange whose answer nobody saw."""
    pass_time(credential, minutes_left=-1)
    hub.faults.append(Fault("drop_after", path="/login/oauth/access_token"))
    with pytest.raises(Retryable):
        token(credential)
    with pytest.raises(ConnectAgain) as refusal:
        token(credential)
    assert "Connect the GitHub account again" in str(refusal.value)
    asked = len([seen for seen in hub.requests if "access_token" in seen.path])
    with pytest.raises(ConnectAgain):
        token(credential)
    assert len([seen for seen in hub.requests if "access_token" in seen.path]) == asked


def test_connecting_again_mends_it(credential, hub, settings):
    Credential.objects.filter(pk=credential.pk).update(
        expires_at=timezone.now(), refresh_expires_at=timezone.now(), error_code="github.bad_token"
    )
    client = settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET
    code = hub.accounts.consent({"client_id": client[0], "redirect_uri": CALLBACK})
    tokens = exchange_code(hub.web_url, client=client, code=code, verifier="", callback=CALLBACK)
    accounts.connect(credential.identities.get().user, Person(7, "alice"), tokens, client[0])
    assert token(credential) == tokens.access
    assert Credential.objects.get(pk=credential.pk).error_code == ""


def test_no_secret_is_in_a_log_or_a_sentence(credential, hub, settings, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = [*Credential.objects.get(pk=credential.pk).parts().values()][:2]
    pass_time(credential, minutes_left=-1)
    hub.faults.append(Fault("html", path="/login/oauth/access_token"))
    with pytest.raises(Retryable) as error:
        token(credential)
    for secret in (*secrets, settings.GITHUB_CLIENT_SECRET):
        assert secret not in caplog.text + str(error.value) + repr(error.value)
