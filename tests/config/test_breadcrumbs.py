"""The trail above a page: it begins at the projects, says no word twice, and ends where one is."""

from __future__ import annotations

import re

import pytest

from projects.models import Project
from tests.config.nonsense import ROUTES, is_button, own_path

pytestmark = pytest.mark.django_db
TRAIL = re.compile(r'<div class="breadcrumbs">(.*?)</div>', re.DOTALL)
TAGS = re.compile(r"<[^>]*>")


def trail(page):
    """The words of the trail, one after another."""
    found = TRAIL.findall(page.content.decode())
    assert len(found) <= 1
    return [TAGS.sub("", part).strip() for text in found for part in text.split("&rsaquo;")]


@pytest.fixture
def pages(staff, world):
    asked = [
        own_path(world, route) for route in ROUTES if route.startswith("admin/") and not is_button(route)
    ]
    answers = [(path, staff.get(path)) for path in asked]
    return [
        (path, answer)
        for path, answer in answers
        if answer.status_code == 200 and "html" in answer["Content-Type"]
    ]


def test_no_trail_says_a_word_twice_and_each_begins_at_the_projects(pages):
    trails = {path: trail(page) for path, page in pages}
    long = {path: words for path, words in trails.items() if words}
    assert len(long) > 30
    assert {path: words for path, words in long.items() if words[0] != "Projects"} == {}
    assert {path: words for path, words in long.items() if len(set(words)) < len(words)} == {}
    assert {path: words for path, words in long.items() if not all(words)} == {}


def test_the_pages_of_a_project_stand_below_it(staff):
    project = Project.objects.get()
    for ending, words in (
        ("", ["Projects", "Data", "Table of projects"]),
        ("add/?name=x", ["Projects", "Data", "Table of projects", "Add project"]),
        (f"{project.pk}/change/", ["Projects", project.name, "Settings"]),
        (f"{project.pk}/history/", ["Projects", project.name, "Settings", "History"]),
        (f"{project.pk}/delete/", ["Projects", project.name, "Settings", "Archive"]),
    ):
        assert trail(staff.get(f"/admin/projects/project/{ending}")) == words
