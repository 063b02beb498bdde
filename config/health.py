"""Is this process up (`/healthz`), and can it do its work (`/readyz`)? Names only, no details."""

from __future__ import annotations

from cryptography.fernet import InvalidToken
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from automation import stalls
from projects.models import Credential


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. The database is not asked."""
    return JsonResponse({"ok": True})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all is there, else 503 with what is missing: database, migrations or key.

    `degraded` names the parts that do nothing anywhere: queue, sessions or clock. Pages and API answer without them.
    """
    missing = _missing()
    degraded = [] if missing else list(stalls.stalled())
    answer = {"ok": not missing, "missing": missing, "degraded": degraded}
    return JsonResponse(answer, status=503 if missing else 200)


def _missing() -> list[str]:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["migrations"]
        return [] if _can_read_secrets() else ["key"]
    except DatabaseError:
        return ["database"]


def _can_read_secrets() -> bool:
    """Whether the newest stored secret opens with one of our keys."""
    newest = Credential.objects.filter(variable="").order_by("-pk").first()
    try:
        return newest is None or bool(newest.secret)
    except InvalidToken:
        return False
