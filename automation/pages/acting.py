"""What buttons do: POST-only views that ask a verb of a session or a project, and say what became of it."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils import timezone

from automation import control
from automation.explain import why_waiting
from automation.pages import confirm, pausing
from automation.pages.asking import ASKED
from automation.pages.page import Route, visible_project, visible_session
from automation.pages.query import SHOWN, Query
from automation.pages.refusals import require
from automation.pages.way_back import way_back, way_back_of_question
from issues import verbs
from issues.models import IssueSession
from issues.transitions import Conflict
from projects import editing
from projects.access import actor_name
from projects.models import Project
from projects.permissions import VERB_SCOPES

ENDED_BY = {"skip": "skipped", "stop": "stopped"}
ALWAYS = {"csrfmiddlewaretoken", "next"}
SESSION_VERBS: dict[str, Callable[..., str]] = {
    "start": verbs.start,
    "retry": verbs.retry,
    "skip": verbs.skip,
    "stop": verbs.stop,
}
DONE = {
    "start": "is queued.",
    "retry": "is queued for another try.",
    "skip": "is skipped.",
    "stop": "is stopped and waits for a person.",
}


def ask_session(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """A second click finds the session where the first one brought it, and says so. GET asks before it ends work."""
    is_asking = request.method == "GET" and verb in ASKED
    if request.method != "POST" and not is_asking:
        return HttpResponseNotAllowed(["GET", "POST"] if verb in ASKED else ["POST"])
    session = visible_session(request, pk)
    if verb not in SESSION_VERBS:
        raise Http404
    require(request, session.project, VERB_SCOPES[verb])
    if is_asking:
        return _ask_first(request, session, verb)
    _refuse_unknown(request)
    name = f"Issue #{session.github_issue_number}"
    try:
        answer = SESSION_VERBS[verb](session, actor=actor_name(request.user))
    except Conflict as conflict:
        messages.error(request, f"{name}: {conflict}")
    else:
        level = messages.INFO if answer == verbs.UNCHANGED else messages.SUCCESS
        messages.add_message(request, level, f"{name} {_said(session, verb, answer)}")
    return HttpResponseRedirect(way_back(request))


def _ask_first(request: HttpRequest, session: IssueSession, verb: str) -> HttpResponse:
    Query(request, "next")
    back = way_back_of_question(request)
    if not verbs.is_allowed(session, verb):
        messages.error(request, f"Issue #{session.github_issue_number}: {verbs.NotAllowed(session, verb)}")
        return HttpResponseRedirect(back)
    return confirm.ask_session(request, session, verb, back=back)


def ask_project(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """GET shows the page that asks for confirmation, where there is one."""
    project = visible_project(request, pk)
    if verb not in PROJECT_VERBS:
        raise Http404
    if request.method == "GET" and verb in confirm.PAGES:
        require(request, project, VERB_SCOPES[verb])
        Query(request, "next")
        return confirm.PAGES[verb](request, project)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "POST"] if verb in confirm.PAGES else ["POST"])
    require(request, project, VERB_SCOPES[verb])
    PROJECT_VERBS[verb](request, project)
    return HttpResponseRedirect(way_back(request))


def _sync(request: HttpRequest, project: Project) -> None:
    _refuse_unknown(request)
    editing.request_sync(project, actor=actor_name(request.user))
    messages.success(request, "A sync is asked for; a worker carries it out within seconds.")


def _start_automation(request: HttpRequest, project: Project) -> None:
    _refuse_unknown(request)
    was_on = project.automation_enabled
    control.start(project, actor=actor_name(request.user))
    messages.success(request, "Automation runs already." if was_on else "Automation is started.")
    _warn_if_blocked(request, project)


def _start_all(request: HttpRequest, project: Project) -> None:
    _refuse_unknown(request)
    result = control.start_all(project, actor=actor_name(request.user))
    if result.queued:
        issues = "1 issue is" if result.queued == 1 else f"{result.queued:,} issues are"
        messages.success(request, f"{issues} queued.")
        _warn_if_blocked(request, project)
    elif not result.refused:
        messages.info(request, "There was no pending issue left to queue.")
    for sentence, count in result.refused.items():
        messages.error(request, f"{count:,} refused: {sentence}")


def _pause(request: HttpRequest, project: Project) -> None:
    _refuse_unknown(request, "stop_running")
    wish, before = pausing.wants_stop(request), pausing.counts([project])
    stopped = control.stop(project, actor=actor_name(request.user), stop_running=wish)
    messages.success(request, f"Automation is paused. {pausing.became(stopped if wish else None, before)}")


PROJECT_VERBS: dict[str, Callable[[HttpRequest, Project], None]] = {
    "sync": _sync,
    "start-automation": _start_automation,
    "start-all": _start_all,
    "pause": _pause,
}


def _said(session: IssueSession, verb: str, answer: str) -> str:
    if answer == verbs.RECORDED:
        return f"will be {ENDED_BY[verb]} as soon as its worker has ended its work."
    text = "is queued or running already." if answer == verbs.UNCHANGED else DONE[verb]
    return f"{text} {why_waiting(session, timezone.now())}" if verb in ("start", "retry") else text


def _warn_if_blocked(request: HttpRequest, project: Project) -> None:
    reason = control.status_of(project).blocked_reason
    if reason:
        messages.warning(request, f"Nothing starts yet: {reason}")


def _refuse_unknown(request: HttpRequest, *known: str) -> None:
    """Both the address and the form: what nobody reads is refused by name."""
    Query(request)
    for name in request.POST:
        if name not in ALWAYS and name not in known:
            raise BadRequest(f"This form has no field {name[:SHOWN]!r}.")


ROUTES: list[Route] = [
    ("session/<int:pk>/<str:verb>/", ask_session, "session-verb"),
    ("project/<int:pk>/<str:verb>/", ask_project, "project-verb"),
]
