"""Key rotation, on the command line and below it."""

from __future__ import annotations

import pytest
from django.db import connection

from projects.errors import OperatorError
from projects.models import Credential
from projects.models.audit import AuditEvent
from projects.models.credential import fingerprint
from projects.rotation import rotate
from tests.automation.commands.calling import run_command
from tests.factories import create_credential, create_project

pytestmark = pytest.mark.django_db
CACHED = ("keys", "fernet_keys", "fernet")


def forget_keys():
    """The field derives its keys once per process; a test changes them in one."""
    for name in CACHED:
        Credential._meta.get_field("secret").__dict__.pop(name, None)


@pytest.fixture
def keys(settings):
    def use(*new):
        settings.FERNET_KEYS = list(new)
        forget_keys()

    use("old")
    yield use
    forget_keys()


def stored(credential):
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM projects_credential WHERE id = %s", [credential.pk])
        return bytes(cursor.fetchone()[0])


def revealed(credential):
    return Credential.objects.get(pk=credential.pk).reveal()


def test_every_secret_and_fingerprint_moves_to_the_newest_key(keys):
    credentials = [create_credential("token-one-of-two"), create_credential("token-two-of-two")]
    keys("new", "old")
    assert rotate(actor="ann").rotated == 2
    keys("new")
    assert [revealed(credential) for credential in credentials] == ["token-one-of-two", "token-two-of-two"]
    found = Credential.objects.get(pk=credentials[0].pk)
    assert found.fingerprint == fingerprint("token-one-of-two", key="new")
    assert create_credential("token-one-of-two").pk == credentials[0].pk


def test_a_second_run_changes_nothing(keys):
    credential = create_credential("token-number-one")
    keys("new", "old")
    rotate(actor="ann")
    before = stored(credential)
    again = rotate(actor="ann")
    assert (again.rotated, again.current, again.by_key) == (0, 1, {1: 1})
    assert stored(credential) == before
    assert AuditEvent.objects.filter(verb="keys.rotated").count() == 1


def test_a_dry_run_counts_by_key_and_writes_nothing(keys):
    credential = create_credential("token-number-one")
    keys("new", "old")
    create_credential("token-number-two")
    before = stored(credential)
    ran = run_command("rotate_keys", "--dry-run", "--json")
    assert ran.data["by_key"] == {"1": 1, "2": 1}
    assert (ran.data["rotated"], ran.data["current"]) == (1, 1)
    assert stored(credential) == before
    assert not AuditEvent.objects.exists()


def test_an_unreadable_secret_is_named_and_does_not_stop_the_others(keys):
    lost = create_credential("token-of-a-lost-key")
    keys("second")
    kept = create_credential("token-that-stays")
    keys("third", "second")
    before = stored(lost)
    ran = run_command("rotate_keys", "--json")
    assert ran.code == 3
    assert (ran.data["rotated"], ran.data["unreadable"]) == (1, 1)
    assert f"(id {lost.pk})" in ran.answer["errors"][0]["message"]
    assert stored(lost) == before
    keys("third")
    assert revealed(kept) == "token-that-stays"
    with pytest.raises(OperatorError):
        revealed(lost)


def test_a_secret_that_was_stored_twice_becomes_one_row_and_its_projects_follow(keys):
    older = create_credential("token-number-one")
    project = create_project(credential=older, webhook_credential=older)
    keys("new")
    newer = create_credential("token-number-one")
    assert newer.pk != older.pk
    keys("new", "old")
    rotation = rotate(actor="ann")
    project.refresh_from_db()
    assert (rotation.merged, rotation.current) == (1, 1)
    assert {project.credential_id, project.webhook_credential_id} == {newer.pk}
    assert not Credential.objects.filter(pk=older.pk).exists()


def test_a_credential_that_names_a_variable_is_left_alone(keys):
    Credential.objects.for_variable(kind="token", api_url="https://api.github.com", variable="GITHUB_TOKEN")
    keys("new", "old")
    rotation = rotate(actor="ann")
    assert (rotation.rotated, rotation.current, rotation.unreadable) == (0, 0, [])
    assert Credential.objects.get().fingerprint == "env:GITHUB_TOKEN"


def test_no_secret_is_printed(keys):
    create_credential("token-number-one")
    keys("new", "old")
    ran = run_command("rotate_keys")
    assert "1 encrypted anew" in ran.out
    assert "token-number-one" not in ran.out + ran.err


def test_the_secrets_of_apps_and_accounts_move_and_keep_their_owner(keys):
    place = {"api_url": "https://api.github.com"}
    secrets = '{"access": "a-token-of-alice"}'
    account = Credential.objects.for_owner(kind="oauth", owner="user:7", secret=secrets, **place)
    Credential.objects.for_owner(kind="installation", owner="installation:3", **place)
    keys("new", "old")
    rotation = rotate(actor="ann")
    assert (rotation.rotated, rotation.unreadable) == (1, [])
    keys("new")
    kept = Credential.objects.get(pk=account.pk)
    assert (kept.fingerprint, kept.parts()) == ("user:7", {"access": "a-token-of-alice"})
