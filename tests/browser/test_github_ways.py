"""In a real browser, under the page's own policy: to GitHub by a form, and back, for a login and for a new App."""

from __future__ import annotations

import pytest

from projects.models import GitHubApp, GitHubIdentity
from tests.browser.watching import launched
from tests.factories import create_superuser
from tests.linking import point_at

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a long pass phrase"


@pytest.fixture
def site(hub, settings, live_server):
    point_at(hub, settings)
    settings.SITE_URL = live_server.url.replace("localhost", "127.0.0.1")  # this browser resolves no names
    settings.GITHUB_LOGIN_ALLOWED_LOGINS = ["alice"]
    create_superuser(username="root", password=PASSWORD)
    return settings.SITE_URL


def test_an_app_is_made_and_then_people_log_in_by_it(site):
    with launched() as browser:
        page = browser.new_page()
        page.goto(f"{site}/admin/github-app/")
        page.fill("#id_username", "root")
        page.fill("#id_password", PASSWORD)
        page.get_by_role("button", name="Log in").first.click()
        page.get_by_role("button", name="Make it on GitHub").click()
        page.get_by_role("button", name="Create GitHub App").click()
        page.wait_for_url(f"{site}/admin/github-app/")
        assert "is stored. Install it" in page.content()
        other = browser.new_context().new_page()
        other.goto(f"{site}/admin/doctor/")
        other.get_by_role("button", name="Log in by GitHub").click()
        other.get_by_role("button", name="Authorize").click()
        other.wait_for_url(f"{site}/admin/doctor/")
        assert "alice" in other.locator("#user-tools").inner_text().lower()
    assert GitHubApp.objects.count() == GitHubIdentity.objects.count() == 1
