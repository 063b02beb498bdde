"""Every page, in light and dark, wide and narrow: nothing that axe, the policy or a narrow screen objects to."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.browser import pages
from tests.browser.watching import SIZES

DOCS = "/api/docs"
READY = {DOCS: ".opblock"}  # drawn by a script, after the page has loaded
RULES_ON_COLOURS = ["color-contrast", "link-in-text-block"]  # all that depends on light or dark
GRAVE_NODES = """async rules => {
  const found = await axe.run({preload: false, resultTypes: ["violations"], ...rules});
  return found.violations
    .filter(rule => ["serious", "critical"].includes(rule.impact))
    .flatMap(rule => rule.nodes.map(node => [rule.id, node.html]));
}"""
NOT_OURS = (  # what the scripts of Django (SelectFilter2.js) and of Swagger UI make, which no style sheet mends
    ("aria-prohibited-attr", '<span class="help-tooltip search-label-icon"'),
    ("nested-interactive", '<button aria-expanded="false" class="opblock-summary-control"'),
)
MOST_TOLD = 5
IN_SCHEME = """async scheme => {  // and no colour is on its way any more
  const wanted = matchMedia(`(prefers-color-scheme: ${scheme})`);
  for (let calm = 0; calm < 3; calm += wanted.matches) {
    await new Promise(requestAnimationFrame);
    document.getAnimations().filter(each => each instanceof CSSTransition).forEach(each => each.cancel());
  }
}"""
SCHEMES = {"light": {}, "dark": {"runOnly": RULES_ON_COLOURS}}


def grave(page, rules):
    """What axe finds: a line for each rule, with the first elements that break it."""
    found = {}
    for rule, html in page.evaluate(GRAVE_NODES, rules):
        if not any(rule == theirs and html.startswith(start) for theirs, start in NOT_OURS):
            found.setdefault(rule, []).append(html[:160])
    return [f"{rule} ({len(nodes)}): {' '.join(nodes[:MOST_TOLD])}" for rule, nodes in found.items()]


def look(visitor, name, path, refused):
    """The faults of one page. Pages that are refused all look alike: one of them is enough."""
    page = visitor.page
    status = page.goto(path).status
    if status >= 500:
        yield f"{name}: status {status}"
    if status == 403:
        refused.append(name)
        if len(refused) > 1:
            return
    if path in READY:
        page.locator(READY[path]).first.wait_for()
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        if visitor.has_sideways_scroll():
            yield f"{name} at {size}: scrolls sideways"
        for scheme, rules in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            page.evaluate(IN_SCHEME, scheme)
            yield from (f"{name} at {size} in {scheme}: {fault}" for fault in grave(page, rules))


def test_every_page_is_known_here(scene):
    covered = set(pages.NOT_PAGES) | {"app_list", "session", "session-verb", "project-verb", "board"}
    paths = pages.paths(scene, "ours") | pages.paths(scene, "stock")
    unknown = [name for name in pages.names() if name not in covered and name not in paths]
    assert [name for name in unknown if not name.startswith("django_q_")] == []  # the scene has no queue


@pytest.mark.parametrize("which", ["ours", "stock"])
def test_no_page_has_a_grave_fault(visit, scene, which):
    member, stranger = visit("superuser"), visit()
    for visitor in (member, stranger):
        visitor.context.add_init_script(AXE_SCRIPT)
    faults, refused = [], []
    for name, path in pages.paths(scene, which).items():
        faults += look(stranger if name == "login" else member, name, path, refused)
    assert not faults, "\n".join(faults)


def test_every_page_shows_its_content_without_scripts(visit, scene):
    without, with_scripts = visit("superuser", java_script_enabled=False), visit("superuser")
    poorer = []
    for name, path in pages.paths(scene, "ours").items():
        if path == DOCS:
            continue
        lengths = []
        for visitor in (without, with_scripts):
            visitor.page.goto(path)
            if name == "link-checks" and visitor is without:  # scripts begin to check by themselves
                visitor.page.get_by_role("button", name="Run all").click()
            lengths.append(len(visitor.page.locator("#content").inner_text()))
        if lengths[0] < 0.9 * lengths[1]:
            poorer.append(f"{name}: {lengths[0]} characters instead of {lengths[1]}")
    assert not poorer, "\n".join(poorer)


def test_the_api_page_leads_to_the_schema_without_scripts(visit):
    page = visit(java_script_enabled=False).page
    page.goto(DOCS)
    expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    expect(page.get_by_role("link", name="schema", exact=True)).to_have_attribute("href", "/api/schema")
