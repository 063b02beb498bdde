"""Messages on pages keep names as they are, and show nothing invisible."""

from __future__ import annotations

import pytest
from django.contrib import messages
from django.template.loader import render_to_string
from django.test import RequestFactory

from tests.factories import create_superuser

pytestmark = pytest.mark.django_db


def shown(text):
    request = RequestFactory().get("/admin/")
    request.user = create_superuser()
    said = [messages.storage.base.Message(messages.SUCCESS, text)]
    return render_to_string("admin/base_site.html", {"messages": said, "has_permission": True}, request)


def test_a_name_at_the_beginning_of_a_message_keeps_its_small_letter():
    assert ">calc is linked.</li>" in shown("calc is linked.")


def test_a_message_shows_nothing_invisible():
    assert ">calc is linked.</li>" in shown("ca\u202elc is\x1b[31m linked.")
