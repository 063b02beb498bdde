"""A project's webhook: whether it works, making it on GitHub, and what to paste where the token may not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_POST, require_safe

from automation.models import WebhookDelivery
from automation.pages.deliveries import event_words
from automation.pages.page import Route, render, visible_project
from automation.pages.query import Query
from automation.pages.refusals import require
from automation.pages.standing import Standing
from automation.pages.strictness import refuse
from automation.webhooks import setup
from projects import once
from projects.access import actor_name
from projects.errors import AutowrkersError
from projects.models import Project, Scope

WORKS = Standing("Works", "✓", "success")
FAILS = Standing("The last delivery failed", "✕", "danger")
UNHEARD = Standing("Nothing delivered for a week", "◌", "warn")
SILENT = Standing("Nothing delivered yet", "◷", "warn")
MISSING = Standing("Not set", "○", "neutral")
LATELY = timedelta(days=7)
MADE_ALREADY = (
    "This button has made its secret already, and a secret is shown only once: nothing was replaced. "
    "Go back to the page of the webhook to make another one."
)


@require_safe
def webhook(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    project = _managed(request, pk)
    return _page(request, project)


@require_POST
def make(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    """Make the webhook on GitHub, or give the one that is there a new secret."""
    project = _managed(request, pk)
    refuse("field", request.POST, {"csrfmiddlewaretoken"})
    try:
        setup.make_on_github(project, actor=actor_name(request.user))
    except AutowrkersError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, "The webhook is made on GitHub. Its first delivery, a ping, comes within seconds."
        )
    return redirect("admin:webhook", project.pk)


@require_POST
def by_hand(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    """A new secret, shown on this one answer only: a reload of it replaces nothing."""
    project = _managed(request, pk)
    refuse("field", request.POST, {"csrfmiddlewaretoken", once.FIELD})
    with transaction.atomic():
        try:
            mark = request.POST.get(once.FIELD, "")
            once.use_mark(mark, request.user, form=_form(project), already=MADE_ALREADY)
        except ValidationError as error:
            raise BadRequest(" ".join(error.messages)) from error
        secret = setup.new_secret(project, actor=actor_name(request.user))
    answer = _page(request, project, secret=secret)
    add_never_cache_headers(answer)
    return answer


def _standing(last: WebhookDelivery, now: datetime) -> Standing:
    if last.state == WebhookDelivery.State.FAILED:
        return FAILS
    return WORKS if now - last.received_at < LATELY else UNHEARD


def _form(project: Project) -> str:
    return f"webhook {project.pk}"


def _managed(request: HttpRequest, pk: int) -> Project:
    project = visible_project(request, pk)
    require(request, project, Scope.ADMIN)
    Query(request)
    return project


def _page(request: HttpRequest, project: Project, *, secret: str = "") -> HttpResponse:
    last = project.deliveries.order_by("-received_at", "-id").first()
    app = setup.app_of(project)
    by_app = app is not None and app.has_webhook
    standing = MISSING
    if project.webhook_credential_id is not None or by_app:
        standing = _standing(last, timezone.now()) if last else SILENT
    return render(
        request,
        "automation/webhook.html",
        title=f"Webhook of {project.name}",
        project=project,
        by_app=by_app,
        standing=standing,
        last=last,
        last_event=event_words(last) if last else "",
        secret=secret,
        mark=once.new_mark(request.user, _form(project)),
        address=setup.address(),
        events=setup.EVENTS,
        unreachable=setup.why_unreachable(),
        set_site_url=setup.SET_SITE_URL,
        settings_url=f"{project.web_url}/settings/hooks/new",
    )


ROUTES: list[Route] = [
    ("project/<int:pk>/webhook/", webhook, "webhook"),
    ("project/<int:pk>/webhook/make/", make, "webhook-make"),
    ("project/<int:pk>/webhook/secret/", by_hand, "webhook-secret"),
]
