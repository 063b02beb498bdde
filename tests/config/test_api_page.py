"""The page that describes the API: part of the site, in its theme."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.factories import create_session, create_superuser

pytestmark = pytest.mark.django_db


def static(name):
    return Path(finders.find(name)).read_text(encoding="utf-8")


def test_the_page_of_the_api_has_the_same_head_as_every_other_page(client):
    client.force_login(create_superuser())
    create_session(status="needs_review")
    heads = [
        re.search(r'<header id="header">.*</header>', client.get(path).content.decode(), re.DOTALL)[0]
        for path in ("/api/docs", "/admin/doctor/")
    ]
    assert '<span class="count">1</span>' in heads[0]
    one, other = (re.sub(r' aria-current="page"|value="[^"]+"', "", head) for head in heads)
    assert one == other
    assert 'href="/api/"' in client.get("/api/docs").content.decode()


def test_the_root_and_the_description_say_how_to_begin(client):
    client.force_login(create_superuser())
    for path in ("/api", "/api/"):
        text = client.get(path, headers={"Accept": "text/html"}).content.decode()
        assert 'href="/admin/projects/apitoken/add/">make one' in text
        assert "http://testserver/api/projects</pre>" in text
    said = client.get("/api/schema?format=json").json()["info"]["description"]
    assert ("create_token" in said, "Authorization: Bearer" in said) == (True, True)


def test_nobody_else_is_led_to_pages_that_are_closed_to_them(client):
    text = client.get("/api/docs").content.decode()
    assert 'aria-label="Main"' not in text
    assert 'href="/api/projects"' not in text
    assert "<h1>API</h1>" in text


def test_the_page_of_the_api_follows_the_chosen_theme(client):
    text = client.get("/api/docs").content.decode()
    assert '<script src="/static/automation/api.js' in text
    assert '"dark-mode"' in static("automation/api.js")


def test_the_script_names_the_class_that_swagger_has_dark_colours_for():
    assert "html.dark-mode .swagger-ui" in static("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css")
