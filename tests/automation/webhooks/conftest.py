"""A GitHub App with a webhook of its own, as tests of its deliveries need it."""

from __future__ import annotations

import pytest

from automation.webhooks import setup
from projects import app_tokens
from tests.github_app import store_app


@pytest.fixture
def made(transactional_db, hub, settings, live_server):
    """An App whose webhook calls this site, installed on a repository that is linked by it."""
    app_tokens._kept.clear()
    settings.SITE_URL = live_server.url
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    app = store_app(hub, settings, hook_url=setup.address())
    app.installation = hub.apps.install(app, hub.repository("acme/calc"))
    hub.rest()
    return app
