"""Stored secrets: encrypted, usable, and never readable again by another way."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Value

from projects.errors import OperatorError
from projects.models import Credential
from tests.factories import API_URL, create_credential

pytestmark = [pytest.mark.django_db, pytest.mark.services]
SECRET = "github_pat_readable_nowhere"


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM projects_credential")
        return bytes(cursor.fetchone()[0])


def test_a_secret_is_stored_as_ciphertext_and_comes_back_for_use():
    credential = create_credential(SECRET)
    assert SECRET.encode() not in stored()
    assert Credential.objects.get(pk=credential.pk).reveal() == SECRET


def test_the_same_token_is_one_credential_with_one_rate_state():
    assert create_credential(SECRET) == create_credential(SECRET)
    assert create_credential(SECRET) != create_credential(SECRET + "2")


def test_dumpdata_writes_no_secret(capsys):
    create_credential(SECRET)
    call_command("dumpdata", "projects")
    assert SECRET not in capsys.readouterr().out


def test_a_bulk_update_is_refused_since_it_would_store_something_else():
    credential = create_credential(SECRET)
    credential.secret = "other"
    with pytest.raises(TypeError, match="never by an expression"):
        Credential.objects.bulk_update([credential], ["secret"])
    with pytest.raises(TypeError, match="never by an expression"):
        Credential.objects.create(kind="token", api_url=API_URL, fingerprint="x", secret=Value("plain"))


def test_an_unreadable_secret_breaks_no_list_and_says_what_to_do():
    good = create_credential("another-good-secret")
    bad = create_credential(SECRET)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_credential SET secret = %s WHERE id = %s", [b"gAAAAAbroken", bad.pk])
    assert len(list(Credential.objects.all())) == 2
    with pytest.raises(OperatorError, match="cannot be decrypted") as error:
        Credential.objects.get(pk=bad.pk).reveal()
    assert "FERNET_KEYS" in error.value.remedy
    assert Credential.objects.get(pk=good.pk).reveal() == "another-good-secret"


def test_a_credential_may_name_a_variable_that_is_read_when_used(monkeypatch):
    credential = Credential.objects.for_variable(kind="token", api_url=API_URL, variable="TEAM_TOKEN")
    with pytest.raises(OperatorError, match="TEAM_TOKEN is empty"):
        credential.reveal()
    monkeypatch.setenv("TEAM_TOKEN", SECRET)
    assert credential.reveal() == SECRET
