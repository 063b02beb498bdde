"""Pausing one project or all of them: what the confirm pages count, what the form may say, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from automation import control
from automation.control import Stopped
from automation.pages.page import Route, render
from automation.pages.query import SHOWN, Query
from automation.pages.strictness import refuse
from issues.models.session import SYSTEM
from projects import leases
from projects.access import actor_name
from projects.models import Project, Scope

FIELDS = {"csrfmiddlewaretoken", "next", "stop_running"}


@dataclass(frozen=True)
class Counts:
    """`resting` and `suspended`: begun or waiting, and held back while automation is paused."""

    begun: int
    held: int
    resting: int
    queued: int
    suspended: int

    @property
    def by_people(self) -> int:
        return self.queued - self.suspended

    @property
    def all(self) -> int:
        return self.begun + self.queued


def counts(projects: Iterable[Project]) -> Counts:
    """What `control.stop` finds there."""
    by_system = Q(queued_by=SYSTEM)
    begun = control.begun(projects).aggregate(
        begun=Count("pk"),
        held=Count("pk", filter=leases.live()),
        resting=Count("pk", filter=leases.free() & by_system),
    )
    waiting = control.lined_up(projects).aggregate(
        queued=Count("pk"), suspended=Count("pk", filter=by_system)
    )
    return Counts(**begun, **waiting)


def what_archiving_leaves(project: Project) -> dict[str, int]:
    """How much there is of what the page that asks before archiving speaks of."""
    found, sessions = counts([project]), project.sessions.all()
    numbers = {"begun": found.begun, "queued": found.queued, "sessions": sessions.count()}
    return numbers | {"open": sessions.filter(pr_number__isnull=False, pr_state="open").count()}


def wants_stop(request: HttpRequest) -> bool:
    """Raises BadRequest for a choice that the form does not offer."""
    wish = request.POST.get("stop_running", "")
    if wish not in ("", "true"):
        raise BadRequest(f"The field stop_running is {wish[:SHOWN]!r}. Write true, or leave it empty.")
    return bool(wish)


def became(stopped: Stopped | None, before: Counts) -> str:
    """In a sentence or two; `stopped` is None where what runs may finish."""
    if stopped is None:
        if not before.begun:
            return "Nothing was running."
        return f"{_many(before.begun, 'session')} begun before may finish."
    said = []
    if stopped.asked:
        asked = _many(stopped.asked, "session")
        said.append(f"{asked} asked to stop: a worker ends its work within seconds.")
    if stopped.dequeued:
        said.append(f"{_many(stopped.dequeued, 'issue')} taken out of the queue.")
    return " ".join(said) or "Nothing was running or queued."


def pause_everything(request: HttpRequest, **kwargs: object) -> HttpResponse:
    """GET asks, POST pauses every project that the person may operate."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "POST"])
    Query(request)
    projects = list(Project.objects.visible_to(request.user, Scope.OPERATE).order_by("name", "pk"))
    if not projects and not getattr(request.user, "is_superuser", False):
        raise PermissionDenied("To pause everything needs the role Operator or Manager in a project.")
    if request.method == "POST":
        return _pause(request, projects)
    return render(
        request,
        "automation/pause_everything.html",
        title="Pause everything?",
        projects=projects,
        moving=sum(project.automation_enabled for project in projects),
        counts=counts(projects),
        back=reverse("admin:index"),
    )


def _pause(request: HttpRequest, projects: Sequence[Project]) -> HttpResponse:
    refuse("field", request.POST, FIELDS)
    wish, before, actor = wants_stop(request), counts(projects), actor_name(request.user)
    each = [control.stop(project, actor=actor, stop_running=wish) for project in projects]
    stopped = Stopped(sum(one.asked for one in each), sum(one.dequeued for one in each))
    paused = f"Automation is paused in {_many(len(projects), 'project')}."
    messages.success(request, f"{paused} {became(stopped if wish else None, before)}")
    return HttpResponseRedirect(reverse("admin:index"))


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


ROUTES: list[Route] = [
    ("pause/", pause_everything, "pause-everything"),
]
