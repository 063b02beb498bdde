"""Installation tokens of a GitHub App: made when one is needed, for one repository, kept in this process alone.

GitHub allows 2,000 requests for tokens in an hour; each process makes one an hour for each project it works on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from time import monotonic

from django.conf import settings
from django.utils import timezone

from projects import redaction
from projects.errors import OperatorError
from projects.github.app import AppClient, sign
from projects.github.hooks import DeliveryLog
from projects.github.meter import LocalMeter
from projects.github.ratelimit import Priority, RateLimit
from projects.github.transport import Transport
from projects.models import Credential, GitHubApp, Project

MARGIN_SECONDS = 300


@dataclass(frozen=True)
class _Kept:
    """`until` is on this process's monotonic clock: nobody sets that one."""

    text: str = field(repr=False)
    until: float


_kept: dict[tuple[int, int | str], _Kept] = {}
_lock = Lock()


def newest_app() -> GitHubApp | None:
    """The App that projects are linked by; None when none was made for this GitHub."""
    apps = GitHubApp.objects.filter(api_url=settings.GITHUB_API_URL)
    return apps.select_related("credential").order_by("-pk").first()


def find_installation(app: GitHubApp, repo: str) -> Credential:
    """The credential of the App's installation on the repository. Raises NotInstalled, AppRefused and their like."""
    number = _client(app).find_installation(repo)
    return Credential.objects.for_owner(
        kind=Credential.Kind.INSTALLATION,
        api_url=app.api_url,
        owner=f"installation:{number}",
        app=app,
        installation_id=number,
        login=app.login,
    )


def delivers_to(app: GitHubApp, url: str) -> bool:
    """Whether the App's own webhook calls this address, signed with the secret that is stored here."""
    return app.has_webhook and _client(app, Priority.SYNC).find_hook() == url


def deliveries_of(app: GitHubApp) -> DeliveryLog:
    """What GitHub sent by the App's own webhook. Reading it leaves a part of the App's hour to making tokens."""
    return _client(app, Priority.SYNC).deliveries


def token_for(credential: Credential, project: Project) -> str:
    """A token for the project's repository, good for five minutes at least."""
    repository = project.github_id or project.github_repo.partition("/")[2]
    key = (credential.pk, repository)
    with _lock:
        kept = _kept.get(key)
    if kept is not None and kept.until > monotonic():
        return kept.text
    fresh = _made(credential, repository)
    with _lock:
        _kept[key] = fresh
    return fresh.text


def forget(credential: Credential) -> None:
    """GitHub refused one of them: the next use makes a new one, or learns why there is none."""
    with _lock:
        for key in [key for key in _kept if key[0] == credential.pk]:
            del _kept[key]


def _made(credential: Credential, repository: int | str) -> _Kept:
    app, number = credential.app, credential.installation_id
    if app is None or number is None:
        raise OperatorError(
            "credential.missing",
            "The credential names no installation of a GitHub App.",
            "Link the project to the GitHub App again, or store a token with it.",
        )
    asked_at = monotonic()
    token = _client(app).create_token(number, repository=repository)
    redaction.register(token.text)
    seconds = (token.expires_at - token.made_at).total_seconds()
    return _Kept(token.text, asked_at + seconds - MARGIN_SECONDS)


def _client(app: GitHubApp, priority: Priority = Priority.PUBLISH) -> AppClient:
    credential = app.credential
    transport = Transport(
        app.api_url,
        sign(app.app_id, credential.parts()["private_key"], timezone.now()),
        meter=LocalMeter(
            priority=priority,
            rate=RateLimit(retry_at=credential.rate_retry_at),
            on_rate=lambda rate: _note_refusal(credential.pk, rate.retry_at),
        ),
    )
    return AppClient(transport, app.name)


def _note_refusal(pk: int, retry_at: datetime | None) -> None:
    """Until then no process asks for a token."""
    if retry_at is not None:
        Credential.objects.filter(pk=pk).update(rate_retry_at=retry_at)
