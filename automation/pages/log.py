"""The log of an attempt, as it grows: its part of the session page, what follows as JSON, the whole as a download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET

from automation.pages.page import Route
from automation.pages.query import Query
from automation.pages.session_head import renewed
from automation.rendering.entries import Renderer
from automation.transcripts import positions, reading
from automation.transcripts.kinds import Show
from automation.transcripts.windows import Window, last_events, next_events
from issues.models import Attempt, IssueSession
from issues.states import Status
from projects.errors import OperatorError

MOST_DIGITS = 15
RUNNING, NO_RESULT, LATER = "running", "no result", "result on a later page"
FILTERS = ((Show.ALL, "All"), (Show.MESSAGES, "Messages"), (Show.TOOLS, "Tools"), (Show.ERRORS, "Errors"))
FIELDS = ("issue_session", "number", "round", "kind", "agent", "outcome", "started_at", "ended_at")
LONG = ("prompt", "message", "summary", "issue_session__github_issue_body")
GOING_ON = (Status.IN_PROGRESS, Status.VERIFYING)


@dataclass(frozen=True)
class Place:
    """What the address of a log says: which attempt, before which entry, and of what kind."""

    session: IssueSession
    attempt: Attempt
    show: Show
    before: int | None = None

    def url(self, **changes: Any) -> str:
        words = {"tab": "log", "attempt": self.attempt.number, "show": self.show} | changes
        if words["show"] == Show.ALL:
            del words["show"]
        return f"{reverse('admin:session', args=[self.session.pk])}?{urlencode(words)}"

    @property
    def raw_url(self) -> str:
        return reverse("admin:log-raw", args=[self.attempt.pk])


def log_context(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    """What `automation/session_log.html` shows. Raises Http404 for an attempt that the session has not,
    BadRequest for what no link of ours says.
    """
    attempts = list(session.attempt_rows.only(*FIELDS).order_by("number"))
    if not attempts:
        return {"log": None}
    attempt = _chosen(attempts, request.GET.get("attempt"))
    before = _number(request.GET, "before")
    place = Place(session, attempt, _show(request.GET), before)
    try:
        window = last_events(attempt.transcript_path, attempt.agent, before=before, show=place.show)
    except OperatorError as error:
        nothing = Window([], first=0, end=0, has_earlier=False)
        return {"log": _shown(place, nothing, attempts) | {"unreadable": str(error), "has_file": False}}
    return {"log": _shown(place, window, attempts)}


def _shown(place: Place, window: Window, attempts: list[Attempt]) -> dict[str, Any]:
    attempt, is_newest = place.attempt, place.before is None
    has_ended, later = attempt.ended_at is not None, [row for row in attempts if row.number > attempt.number]
    is_done = has_ended and (bool(later) or not _may_go_on(place.session))
    renderer = Renderer(place.raw_url, _waiting(has_ended, is_newest))
    return {
        "attempt": attempt,
        "attempts": [(row, place.url(attempt=row.number), row.pk == attempt.pk) for row in attempts],
        "filters": [(word, place.url(show=show), show == place.show) for show, word in FILTERS],
        "events": [renderer.html(event) for event in reversed(window.events)][
            ::-1
        ],  # colours go to the newest
        "shows_all": place.show == Show.ALL,
        "window": window,
        "has_file": positions.exists(attempt.transcript_path),
        "earlier_url": place.url(before=window.first) if window.has_earlier else "",
        "newest_url": "" if is_newest else place.url(),
        "reload_url": place.url(),
        "later_url": place.url(attempt=later[-1].number) if later else "",
        "later_number": later[-1].number if later else None,
        "raw_url": place.raw_url,
        "has_ended": has_ended,
        "is_done": is_done,
        "events_url": f"{reverse('admin:log-events', args=[attempt.pk])}?show={place.show}"
        if is_newest
        else "",
    }


@require_GET
def log_events(request: HttpRequest, pk: int) -> HttpResponse:
    """What follows `after`: rendered events, where to go on, and whether anything can still come."""
    attempt = _visible_attempt(request, pk)
    try:
        Query(request, "after", "show")
        position = _number(request.GET, "after") or 0
        show = _show(request.GET)
    except BadRequest as error:
        return JsonResponse({"detail": str(error)}, status=400)
    place = Place(attempt.issue_session, attempt, show)
    has_ended = attempt.ended_at is not None  # asked before the file is read, so that its end is in it
    try:
        reply = next_events(attempt.transcript_path, attempt.agent, position, calls_too=True)
    except OperatorError as error:
        return JsonResponse({"detail": str(error)}, status=503)
    renderer = Renderer(place.raw_url, _waiting(has_ended, is_newest=True))
    events, reply = reply.only(show).filled(renderer.row, lambda row: len(row["html"].encode()))
    later = (
        attempt.issue_session.attempt_rows.filter(number__gt=attempt.number).first() if has_ended else None
    )
    is_over = has_ended and reply.is_last
    answer = {
        "head": renewed(attempt.issue_session),
        "events": events,
        "next": reply.end,
        "ended": is_over,
        "done": is_over and (later is not None or not _may_go_on(attempt.issue_session)),
        "later": {"number": later.number, "url": place.url(attempt=later.number)} if later else None,
    }
    response = JsonResponse(answer, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def raw_log(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The whole log as readable text, or with `?format=jsonl` as the lines that were stored."""
    attempt = _visible_attempt(request, pk)
    Query(request, "format")
    kind = request.GET.get("format", "txt")
    if not positions.exists(attempt.transcript_path):
        raise Http404("The log of this attempt is no longer there.")
    if kind not in ("txt", "jsonl"):
        raise BadRequest("format: write txt or jsonl.")
    lines = reading.stored(attempt.transcript_path) if kind == "jsonl" else _readable(attempt)
    blocks = reading.in_blocks(lines)
    try:
        first = next(blocks)
    except OperatorError:  # the tab says why there is nothing
        return HttpResponseRedirect(Place(attempt.issue_session, attempt, Show.ALL).url())
    response = StreamingHttpResponse(chain([first], blocks), content_type="text/plain; charset=utf-8")
    name = f"session-{attempt.issue_session_id}-attempt-{attempt.number}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _readable(attempt: Attempt) -> Iterator[str]:
    return reading.readable(attempt.transcript_path, attempt.agent)


def _visible_attempt(request: HttpRequest, pk: int) -> Attempt:
    sessions = IssueSession.objects.visible_to(request.user)
    rows = Attempt.objects.filter(issue_session__in=sessions).select_related("issue_session__project")
    return get_object_or_404(rows.defer(*LONG), pk=pk)


def _chosen(attempts: list[Attempt], number: str | None) -> Attempt:
    if number is None:
        return attempts[-1]
    found = [row for row in attempts if str(row.number) == number]
    if not found:
        raise Http404("This session has no such attempt.")
    return found[0]


def _number(given: Any, name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise BadRequest(f"{name}: write a whole number, as the last reply's `next` gave it.")
    return int(text)


def _show(given: Any) -> Show:
    try:
        return Show(given.get("show", Show.ALL))
    except ValueError as error:
        raise BadRequest(f"show: choose one of {', '.join(Show)}.") from error


def _may_go_on(session: IssueSession) -> bool:
    """Whether another attempt may begin without anybody asking for it."""
    return session.status in GOING_ON or session.queued_at is not None


def _waiting(has_ended: bool, is_newest: bool) -> str:
    if not is_newest:
        return LATER
    return NO_RESULT if has_ended else RUNNING


ROUTES: list[Route] = [
    ("attempt/<int:pk>/events/", log_events, "log-events"),
    ("attempt/<int:pk>/log.txt", raw_log, "log-raw"),
]
