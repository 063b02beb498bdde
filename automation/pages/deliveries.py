"""The Deliveries page: what GitHub told us by itself, newest first, what became of it, and trying one again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from automation.models import WebhookDelivery
from automation.pages.page import Route, render
from automation.pages.query import Query
from automation.pages.refusals import require
from automation.pages.session_paging import before
from automation.pages.standing import Standing
from automation.pages.strictness import refuse
from automation.pages.way_back import way_back
from automation.webhooks import inbox
from projects.access import of_visible_projects, with_those_of_none
from projects.columns import spelled, worded
from projects.models import Project, Scope
from projects.models.audit import record

PAGE = 50
State = WebhookDelivery.State
STANDINGS: dict[str, Standing] = {
    State.RECEIVED: Standing("Waiting", "◷", "active"),
    State.DONE: Standing("Done", "✓", "success"),
    State.IGNORED: Standing("Ignored", "–", "neutral"),
    State.FAILED: Standing("Failed", "✕", "danger"),
}
REPLAYED = inbox.OF_ISSUES | inbox.OF_PULLS


@dataclass(frozen=True)
class Line:
    row: WebhookDelivery
    standing: Standing
    event: str
    about: str
    may_replay: bool


@require_safe
def deliveries(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    query = Query(request, "project", "state", "event", "before")
    visible = Project.objects.visible_to(request.user)
    choices = list(visible.order_by("name", "pk").values_list("pk", "name"))
    filters = {
        "project": query.choice("project", [str(pk) for pk, _ in choices]),
        "state": query.choice("state", list(State.values)),
        "event": query.choice("event", inbox.EVENTS),
    }
    filters = {name: value for name, value in filters.items() if value}
    rows, cursor = _visible(request).filter(**filters), before(request)
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows.select_related("project").order_by("-received_at", "-id")[: PAGE + 1])
    shown = found[:PAGE]
    operable = set(Project.objects.visible_to(request.user, Scope.OPERATE).values_list("pk", flat=True))
    return render(
        request,
        "automation/deliveries.html",
        title="Webhook deliveries",
        lines=[_line(row, operable) for row in shown],
        filters=filters,
        here=request.get_full_path(),
        newest=_address(request, filters) if cursor else "",
        older=_address(request, filters | {"before": str(shown[-1].pk)}) if len(found) > PAGE else "",
        project_choices=[(str(pk), name) for pk, name in choices],
        state_choices=[(str(state), STANDINGS[state].word) for state in State],
        event_choices=[(event, worded(event)) for event in inbox.EVENTS],
    )


@require_POST
def replay(request: HttpRequest, *, pk: int, **kwargs: Any) -> HttpResponse:
    """Handle a stored delivery again: what it is about is read anew from GitHub."""
    row = get_object_or_404(_visible(request).select_related("project"), pk=pk)
    if row.project is None or row.event not in REPLAYED:
        raise Http404("This delivery asks for nothing that could be done again.")
    require(request, row.project, Scope.OPERATE)
    Query(request)
    refuse("field", request.POST, {"csrfmiddlewaretoken", "next"})
    inbox.replay(row)
    record(
        actor=request.user.get_username(),
        verb="delivery.replayed",
        subject=row,
        project=row.project,
        delivery=row.delivery_id,
    )
    messages.success(request, f"The delivery {row.delivery_id[:13]} is handled again within seconds.")
    return HttpResponseRedirect(way_back(request))


def _visible(request: HttpRequest) -> QuerySet[WebhookDelivery]:
    """Those of the person's projects; superusers also see what belongs to none."""
    visible = of_visible_projects(request.user)
    return WebhookDelivery.objects.filter(with_those_of_none(visible, request.user))


def _line(row: WebhookDelivery, operable: set[int]) -> Line:
    may_replay = row.project_id in operable and row.event in REPLAYED and row.state != State.RECEIVED
    return Line(row, STANDINGS[row.state], event_words(row), _about(row.payload), may_replay)


def event_words(row: WebhookDelivery) -> str:
    """`pull_request` with `ready_for_review` is "Pull request: ready for review"."""
    return f"{worded(row.event)}: {spelled(row.action)}" if row.action else worded(row.event)


def _about(facts: dict[str, Any]) -> str:
    """What the delivery names, in the order in which people look for it."""
    if "issue" in facts:
        return f"issue #{facts['issue']}"
    if "pulls" in facts:
        return ", ".join(f"pull request #{number}" for number in facts["pulls"][:3])
    if "branches" in facts:
        return f"branch {facts['branches'][0]}"
    if "shas" in facts:
        return f"commit {facts['shas'][0][:10]}"
    return str(facts.get("repository", ""))


def _address(request: HttpRequest, values: dict[str, str]) -> str:
    return f"{request.path}?{urlencode(values)}" if values else request.path


ROUTES: list[Route] = [
    ("deliveries/", deliveries, "deliveries"),
    ("deliveries/<int:pk>/replay/", replay, "delivery-replay"),
]
