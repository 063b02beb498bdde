"""Every page, in light and dark, wide and narrow: nothing that axe, the policy or a narrow screen objects to."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import pages
from tests.browser.watching import SIZES

GRAVE = ("serious", "critical")
NOT_OURS = "help-tooltip"  # Django's script for choosing many names a bare span
axe = Axe()


def grave(visitor):
    """What axe finds, one line for each rule with the first element that breaks it. Axe's own noise is no complaint."""
    before = list(visitor.complaints)
    found = axe.run(visitor.page).response["violations"]
    visitor.complaints[:] = before
    return [
        f"{rule['id']} ({len(rule['nodes'])}): {rule['nodes'][0]['html'][:160]}"
        for rule in found
        if rule["impact"] in GRAVE and NOT_OURS not in rule["nodes"][0]["html"]
    ]


def test_every_page_is_known_here(scene):
    covered = set(pages.NOT_PAGES) | {"app_list", "session", "project-verb"}
    paths = pages.paths(scene, "ours") | pages.paths(scene, "stock")
    unknown = [name for name in pages.names() if name not in covered and name not in paths]
    assert [name for name in unknown if not name.startswith("django_q_")] == []  # the scene has no queue


@pytest.mark.parametrize("which", ["ours", "stock"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_grave_fault(visit, scene, scheme, which):
    visitor = visit("superuser", color_scheme=scheme)
    faults = []
    for name, path in pages.paths(scene, which).items():
        answer = visitor.page.goto(path)
        if answer is None or answer.status >= 500:
            faults.append(f"{name}: status {answer and answer.status}")
        for size, (width, height) in SIZES.items():
            visitor.page.set_viewport_size({"width": width, "height": height})
            faults += [f"{name} at {size}: {fault}" for fault in grave(visitor)]
            if visitor.has_sideways_scroll():
                faults.append(f"{name} at {size}: scrolls sideways")
    assert not faults, "\n".join(faults)


def test_every_page_shows_its_content_without_scripts(visit, scene):
    with_scripts, without = visit("superuser"), visit("superuser", java_script_enabled=False)
    poorer = []
    for name, path in pages.paths(scene, "ours").items():
        texts = []
        for visitor in (with_scripts, without):
            visitor.page.goto(path)
            texts.append(visitor.page.locator("body").inner_text())
        if len(texts[1]) < 0.8 * len(texts[0]):
            poorer.append(f"{name}: {len(texts[1])} characters instead of {len(texts[0])}")
    assert not poorer, "\n".join(poorer)
