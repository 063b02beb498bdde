"""The diff of a session's branch: rendered on the page, or as git writes it for download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from automation.pages.page import Route, visible_session
from automation.pages.query import Query
from automation.rendering.diffs import render_files
from issues.models import IssueSession
from projects.errors import OperatorError
from projects.redaction import redact
from projects.workspace.history import reading

LINE_BYTES = 2**20
DOWNLOAD_BYTES = 50 * 2**20
DOWNLOAD_SECONDS = 600.0
CUT = b"\n[Cut here: the whole diff is larger than 50 MB.]\n"
NOTHING_YET = "There is no commit in this round yet."
Range = tuple[str, str]


def diff_context(request: HttpRequest, session: IssueSession) -> dict[str, Any]:
    query = Query(request, "tab", "attempt")
    number = query.number("attempt", default=1) if request.GET.get("attempt") else None
    base, head = _range(session, number)
    context: dict[str, Any] = {
        "diff_attempt": number,
        "base": base[:10],
        "head": head[:10],
        "raw_url": reverse("admin:diff-raw", args=[session.pk]) + (f"?attempt={number}" if number else ""),
    }
    if not head:
        return context | {"diff_missing": NOTHING_YET, "diff_remedy": ""}
    try:
        with reading(session.project.mirror_path) as history, history.patch(base, head) as source:
            html = render_files(source)
    except OperatorError as error:
        return context | {"diff_missing": error.message, "diff_remedy": error.remedy}
    except ValueError:
        return context | {"diff_missing": NOTHING_YET, "diff_remedy": ""}
    return context | {"diff": html}


@require_safe
def raw_diff(request: HttpRequest, pk: int) -> HttpResponseBase:
    session = visible_session(request, pk)
    query = Query(request, "attempt")
    number = query.number("attempt", default=1) if request.GET.get("attempt") else None
    base, head = _range(session, number)
    lines = _stream(session, base, head)
    try:
        first = next(lines, b"")
    except (OperatorError, ValueError):  # the tab says why there is nothing
        query_string = urlencode({"tab": "diff", **request.GET.dict()})
        return HttpResponseRedirect(f"{reverse('admin:session', args=[pk])}?{query_string}")
    name = f"issue-{session.github_issue_number}.diff"
    response = StreamingHttpResponse(_after(first, lines), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _range(session: IssueSession, number: int | None) -> Range:
    """Of the whole branch, or of what one attempt added. Raises Http404 for an attempt that is not there."""
    if number is None:
        return session.base_sha, session.head_sha
    attempt = session.attempt_rows.filter(number=number).only("base_sha", "head_sha").first()
    if attempt is None:
        raise Http404
    return attempt.base_sha, attempt.head_sha


def _stream(session: IssueSession, base: str, head: str) -> Iterator[bytes]:
    """Line by line, masked; what is no UTF-8 stays as it is."""
    sent = 0
    with (
        reading(session.project.mirror_path) as history,
        history.patch(base, head, seconds=DOWNLOAD_SECONDS) as source,
    ):
        while line := source.readline(LINE_BYTES):
            sent += len(line)
            if sent > DOWNLOAD_BYTES:
                yield CUT
                return
            yield redact(line.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _after(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


ROUTES: list[Route] = [
    ("session/<int:pk>/branch.diff", raw_diff, "diff-raw"),
]
