"""The pages that ask before much is started or work is stopped: how many, at what cost, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from automation import budgets, control
from automation.pages.asking import has_open_pull_request, is_at_work
from automation.pages.page import render
from automation.pages.pausing import counts
from issues import trust
from issues.models import Attempt, IssueSession
from issues.sanitize import clean_line
from projects.models import Project

DAYS = 30


@dataclass(frozen=True)
class Price:
    """What a session has cost on average; `each` is None when no agent has told a price."""

    each: Decimal | None
    sessions: int

    def of(self, count: int) -> Decimal | None:
        return None if self.each is None else self.each * count


def usual_price(project: Project, days: int = DAYS) -> Price:
    """Over the sessions that had priced attempts in the last days, all their attempts in that time together."""
    since = timezone.now() - timedelta(days=days)
    priced = Attempt.objects.filter(issue_session__project=project, started_at__gte=since, cost_usd__gt=0)
    found = priced.aggregate(cost=Sum("cost_usd"), sessions=Count("issue_session", distinct=True))
    return Price(found["cost"] / found["sessions"] if found["sessions"] else None, found["sessions"])


def start_all(request: HttpRequest, project: Project) -> HttpResponse:
    startable, price = control.startable(project), usual_price(project)
    pending, strangers = startable.count(), startable.filter(trust.by_strangers(project)).count()
    return _ask(
        request,
        project,
        "start_all",
        f"Start all pending issues of {clean_line(project.name)}?",
        pending=pending,
        strangers=strangers,
        price=price,
        days=DAYS,
        expected=price.of(pending),
        month=budgets.spending([project])[project.pk],
        blocked=control.status_of(project).blocked_reason,
    )


def pause(request: HttpRequest, project: Project) -> HttpResponse:
    title = (
        f"Pause automation of {clean_line(project.name)}?"
        if project.automation_enabled
        else f"Stop what runs in {clean_line(project.name)}?"
    )
    return _ask(request, project, "pause", title, counts=counts([project]))


def ask_session(request: HttpRequest, session: IssueSession, verb: str, *, back: str) -> HttpResponse:
    return render(
        request,
        "automation/confirm_session.html",
        title=f"{verb.capitalize()} issue #{session.github_issue_number}?",
        session=session,
        project=session.project,
        verb=verb,
        back=back,
        at_work=is_at_work(session, timezone.now()),
        has_pull_request=has_open_pull_request(session),
    )


def _ask(request: HttpRequest, project: Project, name: str, title: str, **context: Any) -> HttpResponse:
    back = reverse("admin:board", args=[project.pk])
    return render(
        request, f"automation/confirm_{name}.html", title=title, project=project, back=back, **context
    )


PAGES: dict[str, Callable[[HttpRequest, Project], HttpResponse]] = {"start-all": start_all, "pause": pause}
