"""The dry run of one issue for a terminal: how it would begin if a person started it, and with which prompt."""

from __future__ import annotations

from django.utils import timezone

from automation import dry_run
from automation.console import Answer, facts, label
from automation.dispatch import free_places
from issues import verbs
from issues.models import IssueSession
from projects.redaction import redact


def rehearse(session: IssueSession) -> Answer:
    """What a start by hand would lead to. Raises NotAllowed where the start itself would."""
    if not verbs.is_allowed(session, "start"):
        raise verbs.NotAllowed(session, "start")
    project, now = session.project, timezone.now()
    shown, cost = dry_run.preview(session), dry_run.usual_cost(project, now)
    ahead = len([other for other in dry_run.starting(project, now) if other.pk != session.pk])
    places = max(0, free_places(project) - ahead)
    when = "at once" if places else f"when a place is free ({ahead} would start before it)"
    price = "unknown" if cost.average is None else f"{cost.average:.2f} USD"
    data = {
        "session": facts(session),
        "starts_now": places > 0,
        "kind": shown.kind,
        "agent": project.agent,
        "branch": shown.branch,
        "checks": [{"name": check.name, "command": check.command} for check in shown.checks],
        "usual_cost_usd": cost.average,
        "has_files": shown.has_files,
        "prompt": redact(shown.prompt),
    }
    lines = [
        f"{label(session)}; started by hand it would begin {when}.",
        f"Agent: {project.get_agent_display()}; kind of attempt: {shown.kind.lower()}. Branch: {shown.branch}.",
        f"Checks: {', '.join(check.name for check in shown.checks) or 'none'}. Usual cost: {price}.",
        "Prompt:" if shown.has_files else "Prompt (without files: the repository has not been fetched yet):",
        *redact(shown.prompt).splitlines(),
    ]
    return Answer(data, lines)
