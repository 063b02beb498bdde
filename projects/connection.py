"""A project's way to GitHub: its credential, the client on it, and what the answers tell about both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from django.utils import timezone

from projects import account_tokens, app_tokens
from projects.github.client import GitHubClient
from projects.github.errors import BadCredentials, Forbidden
from projects.github.quota import CredentialMeter
from projects.github.ratelimit import Priority
from projects.github.renewing import RenewingTransport
from projects.github.token import EXPIRATION, SCOPES, TokenFacts, decode_end, decode_scopes
from projects.github.transport import TOTAL_SECONDS
from projects.models import Credential, Project
from projects.models.credential import DEFAULT_VARIABLE
from projects.workspace.git import Remote
from projects.workspace.mirror import LOCK_SECONDS, Mirror
from projects.workspace.processes import Stop


def credential_of(project: Project) -> Credential:
    """The project's own credential, else the one that GITHUB_TOKEN names."""
    if project.credential is not None:
        return project.credential
    return Credential.objects.for_variable(
        kind=Credential.Kind.TOKEN, api_url=settings.GITHUB_API_URL, variable=DEFAULT_VARIABLE
    )


def connect(
    project: Project, *, priority: Priority = Priority.SYNC, patience_seconds: float = TOTAL_SECONDS
) -> GitHubClient:
    """A client on the credential's quota and stored answers, for requests of this priority.

    Raises OperatorError when there is no readable token.
    """
    credential = credential_of(project)
    transport = RenewingTransport(
        settings.GITHUB_API_URL,
        token_giver(project, credential),
        meter=CredentialMeter(
            credential.pk, priority=priority, interval_seconds=settings.GITHUB_MUTATION_INTERVAL_SECONDS
        ),
        remembered_by=credential.pk,
        patience_seconds=patience_seconds,
    )
    return GitHubClient(transport)


def token_giver(project: Project, credential: Credential) -> Callable[[], str]:
    """What answers with a token that is good at that moment. Raises OperatorError when there can be none."""
    if credential.kind == Credential.Kind.INSTALLATION:
        return lambda: app_tokens.token_for(credential, project)
    if credential.kind == Credential.Kind.OAUTH:
        return account_tokens.token_giver(credential)
    secret = credential.reveal()
    return lambda: secret


def remote_of(project: Project) -> Remote:
    """The repository as git reaches it; the token is asked for when a command runs."""
    return Remote(project.clone_url, token_giver(project, credential_of(project)))


def login_of(project: Project, client: GitHubClient) -> str:
    """Our own login as it is now: accounts are renamed, and a token is replaced by another account's.

    The token of an App's installation may not ask whose it is.
    """
    credential = credential_of(project)
    if credential.kind != Credential.Kind.INSTALLATION and client.get_login() != credential.login:
        note_facts(credential, client.get_token())
    return credential.login


def note_facts(credential: Credential, facts: TokenFacts) -> None:
    """Keep whose token it is, what it may and when it ends: pages warn of the end without asking GitHub."""
    credential.login = facts.login
    columns = ["login"]
    if credential.kind == Credential.Kind.TOKEN:
        credential.expires_at = facts.expires_at
        credential.scopes = None if facts.scopes is None else list(facts.scopes)
        columns += ["expires_at", "scopes"]
    credential.save(update_fields=columns)


def note_shown(credential: Credential, shown: Mapping[str, str | None]) -> None:
    """Keep what any answer's headers show of a token: its scopes and its end are told before they hurt, unasked."""
    if credential.kind != Credential.Kind.TOKEN:
        return
    told: dict[str, object] = {}
    if SCOPES in shown:
        scopes = decode_scopes(shown[SCOPES])
        told["scopes"] = None if scopes is None else list(scopes)
    if EXPIRATION in shown:
        told["expires_at"] = decode_end(shown[EXPIRATION])
    if any(getattr(credential, name) != value for name, value in told.items()):
        Credential.objects.filter(pk=credential.pk).update(**told)


def mirror_of(project: Project, *, stop: Stop | None = None, lock_seconds: float = LOCK_SECONDS) -> Mirror:
    return Mirror(project.mirror_path, remote_of(project), stop=stop, lock_seconds=lock_seconds)


@contextmanager
def connected(
    project: Project, *, priority: Priority = Priority.SYNC, patience_seconds: float = TOTAL_SECONDS
) -> Iterator[GitHubClient]:
    """A client. That GitHub refuses its token is remembered on the credential, and forgotten when it works again."""
    credential = credential_of(project)
    try:
        client = connect(project, priority=priority, patience_seconds=patience_seconds)
        yield client
    except Forbidden:
        app_tokens.forget(credential)
        raise
    except BadCredentials as error:
        app_tokens.forget(credential)
        is_token = credential.kind == Credential.Kind.TOKEN  # whoever shows it says what helps
        Credential.objects.filter(pk=credential.pk).update(
            error_code=error.code,
            error_message=error.message if is_token else str(error),
            error_since=credential.error_since or timezone.now(),
        )
        raise
    note_shown(credential, client.token_headers)
    if credential.error_code and client.was_answered:
        Credential.objects.filter(pk=credential.pk).update(error_code="", error_message="", error_since=None)
