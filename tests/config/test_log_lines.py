"""What requests leave in the log."""

from __future__ import annotations

import logging
from io import StringIO

import pytest
from django.urls import reverse

from tests.factories import create_superuser, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet():
    """Here the log is what is looked at."""


@pytest.fixture
def log(quiet, monkeypatch):
    """What the console's handler writes."""
    written = StringIO()
    handler = next(each for each in logging.getLogger().handlers if each.name == "console")
    monkeypatch.setattr(handler, "stream", written)
    return lambda: written.getvalue().splitlines()


def test_a_refused_parameter_is_one_line_that_names_it(client, log):
    client.force_login(create_superuser())
    assert client.get(reverse("admin:attention"), {"colour": "red"}).status_code == 400
    (line,) = log()
    assert "This page does not know the parameter 'colour'." in line
    assert "/admin/attention/" in line


def test_a_refused_person_is_one_line(client, log):
    client.force_login(create_user(is_staff=True))
    assert client.get(reverse("admin:auth_user_changelist")).status_code == 403
    assert len(log()) == 1


def test_a_host_name_that_is_not_ours_is_one_line(client, log):
    assert client.get("/admin/", headers={"Host": "elsewhere.example"}).status_code == 400
    (line,) = log()
    assert "elsewhere.example" in line


def test_a_failure_of_ours_keeps_its_trace(client, log, monkeypatch):
    client.force_login(create_superuser())
    client.raise_request_exception = False
    monkeypatch.setattr("automation.pages.attention.Query", lambda *given: 1 / 0)
    assert client.get(reverse("admin:attention")).status_code == 500
    assert any("ZeroDivisionError" in line for line in log())
