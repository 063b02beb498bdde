"""The Projects page: every project of the person as a card, and what needs a person first."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.http import urlencode

from automation.attention import waiting
from automation.figures import days_ago, headline_of_late
from automation.pages.attention import STANDINGS
from automation.pages.board_query import is_line
from automation.pages.demo_data import demo_projects
from automation.pages.page import render
from automation.pages.project_cards import OF_STATE, STATES, cards
from automation.pages.query import Query
from projects.models import Project, Scope

PAGE_SIZE = 100
LONGEST_TEXT = 100
FIRST_WAITING = 5
DAYS = 30


def projects(request: HttpRequest) -> TemplateResponse:
    query = Query(request, "q", "state", "page")
    text = request.GET.get("q", "").strip()
    query.refuse_unless(
        is_line(text, LONGEST_TEXT), "q", f"Write one line of at most {LONGEST_TEXT} characters."
    )
    state, page = query.choice("state", STATES), query.number("page", default=1)
    visible = Project.objects.visible_to(request.user)
    chosen = visible.filter(OF_STATE[state]) if state else visible
    if text:
        chosen = chosen.filter(Q(name__icontains=text) | Q(github_repo__icontains=text))
    count = chosen.count()
    pages = max(1, -(-count // PAGE_SIZE))
    query.refuse_unless(page <= pages, "page", f"The list ends at page {pages}.")
    rows = chosen.select_related("credential").defer("credential__secret").order_by("name", "pk")
    shown = list(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])
    filters = {"q": text, "state": state}
    return render(
        request,
        "automation/projects.html",
        title="Projects",
        cards=cards(shown),
        count=count,
        filters=filters,
        is_filtered=bool(text or state),
        states=STATES.items(),
        page=page,
        pages=pages,
        former=_url(filters, page - 1) if page > 1 else "",
        later=_url(filters, page + 1) if page < pages else "",
        may_pause=Project.objects.visible_to(request.user, Scope.OPERATE).exists(),
        has_demo=demo_projects(request).exists(),
        any_linked=bool(shown) or Project.objects.active().exists(),
        may_link=request.user.has_perm("projects.add_project"),
        **(_overview(request) if shown or text or state else {}),
    )


def _overview(request: HttpRequest) -> dict[str, Any]:
    """What waits for a person, and the figures: of all projects of the person, whatever is filtered."""
    visible = Project.objects.visible_to(request.user)
    first, in_all = waiting(visible, limit=FIRST_WAITING)
    figures, counted_at = headline_of_late(visible, days_ago(DAYS))
    return {
        "figures": figures,
        "counted_at": counted_at,
        "days": DAYS,
        "waiting": [(item, STANDINGS[item.kind]) for item in first],
        "waiting_count": in_all,
    }


def _url(filters: dict[str, str], page: int) -> str:
    return "?" + urlencode({name: value for name, value in filters.items() if value} | {"page": page})
