"""The page that describes the API: part of the site, in its theme."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.factories import create_superuser

pytestmark = pytest.mark.django_db


def static(name):
    return Path(finders.find(name)).read_text(encoding="utf-8")


def test_staff_keep_the_navigation_on_the_page_of_the_api(client):
    client.force_login(create_superuser())
    text = client.get("/api/docs").content.decode()
    assert 'aria-label="Main"' in text
    assert ">Attention" in text
    assert 'href="/api/"' in text


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


def test_the_page_of_the_api_follows_the_chosen_theme(client):
    text = client.get("/api/docs").content.decode()
    assert '<script src="/static/automation/api.js' in text
    assert '"dark-mode"' in static("automation/api.js")


def test_the_script_names_the_class_that_swagger_has_dark_colours_for():
    assert "html.dark-mode .swagger-ui" in static("drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css")
