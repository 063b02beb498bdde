"""create_token: the token is printed once, stored as a hash, and carries what was asked for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects.models import ApiToken
from tests.automation.commands.calling import run_command
from tests.factories import create_project, create_user

pytestmark = pytest.mark.django_db


def test_the_token_alone_goes_to_stdout():
    user = create_user(username="ann")
    ran = run_command("create_token", "ann", "--scope", "operate")
    plain = ran.out.strip()
    assert ran.code == 0
    assert ran.out == f"{plain}\n"
    assert plain.startswith("aw_")
    token = ApiToken.objects.get(token_hash=ApiToken.digest(plain))
    assert (token.user, token.scope, token.expires_at) == (user, "operate", None)
    assert plain not in ran.err


def test_it_is_valid_for_the_days_that_were_asked_for():
    create_user(username="ann")
    run_command("create_token", "ann", "--days", 30, "--name", "nightly")
    token = ApiToken.objects.get(name="nightly")
    left = token.expires_at - timezone.now()
    assert timedelta(days=29, hours=23) < left < timedelta(days=30, minutes=1)
    assert token.scope == "read"


@pytest.mark.parametrize("days", ["0", "-1", "soon", "9" * 9])
def test_days_that_are_no_days_make_no_token(days):
    create_user(username="ann")
    assert run_command("create_token", "ann", f"--days={days}").code != 0
    assert not ApiToken.objects.exists()


def test_an_unknown_or_inactive_user_gets_no_token():
    create_user(username="gone", is_active=False)
    for name in ("gone", "nobody"):
        ran = run_command("create_token", name)
        assert (ran.code, "createsuperuser" in ran.err) == (1, True)
    assert not ApiToken.objects.exists()


def test_a_name_that_does_not_fit_is_a_sentence():
    create_user(username="ann")
    ran = run_command("create_token", "ann", "--name", "n" * 101, "--json")
    assert (ran.code, ran.answer["errors"][0]["code"]) == (1, "token.invalid")


def test_too_many_tokens_are_a_sentence_with_the_way_out():
    create_user(username="ann")
    codes = [run_command("create_token", "ann").code for _ in range(20)]
    ran = run_command("create_token", "ann")
    assert (set(codes), ran.code) == ({0}, 1)
    assert "ann has 20 valid tokens" in ran.err
    assert ApiToken.objects.count() == 20


def test_a_token_is_limited_to_the_projects_that_were_named():
    create_user(username="ann")
    first, second, _ = create_project(), create_project(name="second"), create_project()
    assert run_command("create_token", "ann", "--project", first.pk, "--project", "second").code == 0
    token = ApiToken.objects.get()
    assert (token.is_limited, set(token.projects.all())) == (True, {first, second})


def test_an_unknown_project_makes_no_token():
    create_user(username="ann")
    assert run_command("create_token", "ann", "--project", "nowhere").code == 1
    assert not ApiToken.objects.exists()
