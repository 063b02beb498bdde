"""The login page brakes guessing: by address and name, and by address; the right password waits as well."""

from __future__ import annotations

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse

from projects import login_brake
from projects.models import RequestCount
from tests.factories import create_superuser, create_user

pytestmark = [pytest.mark.django_db, pytest.mark.services]
RIGHT, WRONG = "the right password 1", "wrong"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands still, at the beginning of a window."""
    now = [1_800_000_000.0]
    monkeypatch.setattr(login_brake.time, "time", lambda: now[0])
    return now


@pytest.fixture
def ann():
    return create_superuser(username="ann", password=RIGHT)


def login(name="ann", password=WRONG, address="192.0.2.1"):
    client = Client(REMOTE_ADDR=address)
    answer = client.post(reverse("admin:login"), {"username": name, "password": password})
    return SESSION_KEY in client.session, answer


def fail(count, **who):
    for _ in range(count):
        assert not login(**who)[0]


def test_after_ten_wrong_passwords_the_right_one_waits_too(ann, clock):
    fail(9)
    assert "Too many" not in login()[1].content.decode()
    clock[0] += 30
    is_in, answer = login(password=RIGHT)
    assert not is_in
    assert "Too many tries to log in. Wait 10 minutes" in answer.content.decode()
    clock[0] += 530
    assert "Wait 1 minute, then" in login(password=RIGHT)[1].content.decode()
    clock[0] += 40
    assert login(password=RIGHT)[0]


def test_others_and_other_addresses_log_in_meanwhile(ann):
    create_superuser(username="bob", password=RIGHT)
    fail(11)
    assert login(password=RIGHT, address="192.0.2.2")[0]
    assert login("bob", RIGHT)[0]


def test_a_success_lets_the_name_begin_anew(ann):
    for _ in range(3):
        fail(4)
        assert login(password=RIGHT)[0]


def test_an_address_has_so_many_failures_over_all_names(ann, monkeypatch):
    monkeypatch.setattr(login_brake, "TRIES_OF_AN_ADDRESS", 6)
    for number in range(3):
        fail(2, name=f"guess-{number}")
    is_in, answer = login(password=RIGHT)
    assert not is_in
    assert "Too many tries" in answer.content.decode()
    assert login(password=RIGHT, address="192.0.2.2")[0]


def test_successes_do_not_count_against_an_address_nor_clear_it(ann, monkeypatch):
    monkeypatch.setattr(login_brake, "TRIES_OF_AN_ADDRESS", 6)
    for _ in range(8):
        assert login(password=RIGHT)[0]
    for number in range(3):
        fail(2, name=f"guess-{number}")
        assert login(password=RIGHT)[0] is (number < 2)


def test_tries_that_are_refused_leave_the_address_alone(ann, monkeypatch):
    monkeypatch.setattr(login_brake, "TRIES_OF_AN_ADDRESS", 12)
    fail(20)
    create_superuser(username="bob", password=RIGHT)
    assert login("bob", RIGHT)[0]


def test_whoever_may_not_log_in_is_braked_as_well():
    create_user(username="of-the-api", password=RIGHT)
    fail(10, name="of-the-api", password=RIGHT)
    assert "Too many tries" in login("of-the-api", RIGHT)[1].content.decode()


def test_counts_of_former_windows_are_dropped(ann, clock):
    fail(3, name="x" * 150)
    fail(1, name="\u202e")
    clock[0] += 600
    fail(1, address="2001:db8::1")
    assert RequestCount.objects.filter(caller__startswith="login ").count() == 2
