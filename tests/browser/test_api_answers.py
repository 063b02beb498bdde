"""The forms of the browsable API, as a browser without scripts sends them. The scene is left as it was."""

from __future__ import annotations

from playwright.sync_api import expect


def send(page, method, body):
    page.locator("summary", has_text=method).click()
    page.locator(f"#body-{method}").fill(body)
    page.get_by_role("button", name=f"Send {method}").click()


def test_a_form_sends_json_and_shows_the_answer_without_scripts(visit, scene):
    page = visit("manager", java_script_enabled=False).page
    page.goto(f"/api/projects/{scene['project']}")
    send(page, "PATCH", "{}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"PATCH /api/projects/{scene['project']}")
    expect(page.get_by_text("200 OK")).to_be_visible()
    send(page, "PUT", "{")
    expect(page.get_by_text("400 Bad Request")).to_be_visible()
    expect(page.locator(".callout")).to_contain_text("JSON parse error")


def test_a_viewer_reads_the_answer_and_is_offered_no_change(visit, scene):
    page = visit("viewer").page
    page.goto("/api/projects")
    page.get_by_role("navigation", name="From here").get_by_role("link", name="Payments API").click()
    expect(page.get_by_text("200 OK")).to_be_visible()
    expect(page.get_by_role("heading", name="Changes")).to_have_count(0)
