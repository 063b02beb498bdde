"""A project's board: its sessions as cards, filtered by the URL."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from automation import budgets, control
from automation.pages.board_query import PAGE_SIZE, SORTS, Wanted
from automation.pages.cards import cards
from automation.pages.motion import why_still
from automation.pages.page import Route, render, visible_project
from automation.pages.project_cards import count_by_status, standing_of, trouble_of
from automation.pages.standing import OF_STATUS
from issues.sanitize import clean_line
from projects.changelist import WindowPaginator
from projects.models import Project, Scope
from projects.redaction import redact

MOST_LABELS = 50


@require_safe
def board(request: HttpRequest, pk: int) -> HttpResponse:
    project = visible_project(request, pk)
    wanted = Wanted.read(request)
    now = timezone.now()
    may_operate = project.allows(request.user, Scope.OPERATE)
    rows = wanted.rows(project)
    pages = WindowPaginator(rows, PAGE_SIZE, page=wanted.page, is_whole_table=False)
    if wanted.page > pages.num_pages:
        raise BadRequest(f"The parameter page is {wanted.page}. This list ends at page {pages.num_pages}.")
    start = (wanted.page - 1) * PAGE_SIZE
    pks = list(rows.values_list("pk", flat=True)[start : start + PAGE_SIZE])
    shown = cards(project, pks, may_operate=may_operate, now=now)
    return render(
        request,
        "automation/board.html",
        title=clean_line(project.name),
        project=project,
        wanted=wanted,
        cards=shown,
        pages=pages,
        former=wanted.url(page=wanted.page - 1) if wanted.page > 1 else "",
        later=wanted.url(page=wanted.page + 1) if wanted.page < pages.num_pages else "",
        labels=sorted({label for card in shown for words, label in card.labels if words == label})[
            :MOST_LABELS
        ],
        sorts=[(name, words, wanted.url(sort=name)) for name, words in SORTS.items()],
        here=request.get_full_path(),
        may_operate=may_operate,
        may_edit=project.allows(request.user, Scope.ADMIN),
        **_head(project, wanted, sees_workers=request.user.is_superuser),
    )


def _head(project: Project, wanted: Wanted, *, sees_workers: bool) -> dict[str, Any]:
    """How the automation stands, in words and figures."""
    now = timezone.now()
    status = control.status_of(project, now)
    counts = count_by_status([project])[project.pk]
    queued = project.sessions.queued().filter(status="pending").count()
    trouble = trouble_of(project)
    blocked = "" if trouble else clean_line(redact(status.blocked_reason or ""), limit=400)
    return {
        "standing": standing_of(project),
        "automation": status,
        "queued": queued,
        "total": counts.total(),
        "trouble": trouble,
        "blocked": blocked,
        "startable": status.pending > 0 and control.startable(project).exists(),
        "sync_failed": bool(trouble and status.next_sync and status.next_sync > now),
        "still": why_still(project, status, queued, now, sees_workers=sees_workers),
        "month": budgets.spending([project], now)[project.pk],
        "choices": [
            (status, standing, counts[status], status in wanted.statuses)
            for status, standing in OF_STATUS.items()
        ],
    }


ROUTES: list[Route] = [
    ("project/<int:pk>/", board, "board"),
]
