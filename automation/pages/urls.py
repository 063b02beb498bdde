"""Every page of ours below /admin/; the site wraps each in the admin's own permission check."""

from __future__ import annotations

from automation.pages import (
    acting,
    analytics,
    attention,
    board,
    clusters,
    deliveries,
    demo_data,
    diff,
    dry_run,
    github_account,
    github_app,
    log,
    pausing,
    session,
    webhook,
)
from automation.pages import doctor as doctor_page
from automation.pages import linking as linking_page
from automation.pages.page import Route

PAGES: list[Route] = [
    *attention.ROUTES,
    *analytics.ROUTES,
    *doctor_page.ROUTES,
    *clusters.ROUTES,
    *linking_page.ROUTES,
    *github_app.ROUTES,
    *github_account.ROUTES,
    *deliveries.ROUTES,
    *webhook.ROUTES,
    *dry_run.ROUTES,
    *board.ROUTES,
    *session.ROUTES,
    *log.ROUTES,
    *diff.ROUTES,
    *pausing.ROUTES,
    *demo_data.ROUTES,
    *acting.ROUTES,
]
