"""Each GitHub token in use, asked once: valid, its scopes, its end, the requests left, and GitHub's clock.

Where the network may not be asked, what the last answers left on the stored rows is told instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.core.checks import CheckMessage
from django.db.models import Q
from django.utils import timezone

from automation.checks.registry import fail, fine, note, register, warn
from automation.checks.situation import REQUEST_SECONDS, Situation
from projects.connection import connected, credential_of, note_facts
from projects.errors import AutowrkersError
from projects.github import quota
from projects.github.app import PERMISSIONS
from projects.github.client import GitHubClient
from projects.github.errors import BadCredentials, GitHubRateLimited
from projects.github.ratelimit import Priority
from projects.github.token import TokenFacts
from projects.models import Credential, GitHubApp, Project
from projects.models.credential import DEFAULT_VARIABLE, SOON

SKEW_SECONDS = 30
NAMED = 10
NEW_TOKEN = "Make a new token on GitHub (Settings, Developer settings); a manager stores it with the project."  # noqa: S105
SCOPES = "A classic token needs the scope repo, or public_repo where all repositories are public."


@register("github", "GitHub tokens", site_wide=False)
def tokens(situation: Situation) -> Iterator[CheckMessage]:
    """One look for each token: projects that share one share its limits too."""
    by_token: dict[int | None, list[Project]] = {}
    for project in situation.projects:
        by_token.setdefault(project.credential_id, []).append(project)
    for sharing in by_token.values():
        look = live if situation.may_ask_network else stored
        yield from look(sharing[0], _named(sharing), situation)


def stored(project: Project, prefix: str, situation: Situation) -> Iterator[CheckMessage]:
    if project.credential is None and not os.environ.get(DEFAULT_VARIABLE):
        yield _no_token(project, prefix)
        return
    credential = project.credential or Credential.objects.default().first()
    if credential is None:
        return
    if credential.error_code:
        hint = NEW_TOKEN if credential.kind == Credential.Kind.TOKEN else ""
        yield fail(51, f"{prefix}{credential.error_message}", hint, of=project)
    else:
        if credential.kind == Credential.Kind.TOKEN and credential.scopes is not None:
            facts = TokenFacts(credential.login, tuple(credential.scopes), credential.expires_at)
            yield scopes(project, prefix, facts)
        if credential.ends_soon(timezone.now()):
            yield expiry(project, prefix, credential.ends_at, timezone.now())
        if credential.rate_remaining is not None:
            yield from _rate(project, prefix, credential)


def live(project: Project, prefix: str, situation: Situation) -> Iterator[CheckMessage]:
    if situation.is_time_up:
        yield note(51, f"{prefix}Not asked, the time was used up.", "Run the checks again.", of=project)
        return
    if project.credential is None and not os.environ.get(DEFAULT_VARIABLE):
        yield _no_token(project, prefix)
        return
    if project.credential is not None and project.credential.app is not None:
        yield from of_app(project, project.credential.app, prefix, situation)
        return
    try:
        with connected(
            project, priority=Priority.PEOPLE, patience_seconds=situation.seconds(REQUEST_SECONDS)
        ) as client:
            facts = client.get_token()
    except BadCredentials as error:
        yield fail(51, f"{prefix}{error.message}", NEW_TOKEN, of=project)
    except GitHubRateLimited as error:
        yield warn(54, f"{prefix}{error.message}", error.remedy, of=project)
    except AutowrkersError as error:
        yield fail(50, f"{prefix}{error.message}", error.remedy, of=project)
    else:
        yield fine(51, f"{prefix}GitHub knows the token; it belongs to {facts.login}.", of=project)
        yield scopes(project, prefix, facts)
        yield from skew(project, client)
        if (credential := Credential.objects.filter(pk=credential_of(project).pk).first()) is None:
            yield expiry(project, prefix, facts.expires_at, timezone.now())
        else:
            note_facts(credential, facts)
            yield expiry(project, prefix, credential.ends_at, timezone.now())
            yield from _rate(project, prefix, credential)


def of_app(project: Project, app: GitHubApp, prefix: str, situation: Situation) -> Iterator[CheckMessage]:
    """A token is made as work makes one, and used once."""
    try:
        with connected(
            project, priority=Priority.PEOPLE, patience_seconds=situation.seconds(REQUEST_SECONDS)
        ) as client:
            client.get_repository(project.github_repo)
    except AutowrkersError as error:
        yield fail(51, f"{prefix}{error.message}", error.remedy, of=project)
    else:
        may = ", ".join(f"{name} {level}" for name, level in PERMISSIONS.items())
        yield fine(51, f"{prefix}The GitHub App {app} gives tokens for this repository.", of=project)
        yield fine(52, f"{prefix}Each is good for an hour and may: {may}.", of=project)
        yield from skew(project, client)


def scopes(project: Project, prefix: str, facts: TokenFacts) -> CheckMessage:
    if facts.scopes is None:
        hint = "It needs read and write for contents, issues and pull requests. The first session shows it."
        return note(52, f"{prefix}A fine-grained token does not tell its permissions.", hint, of=project)
    told = ", ".join(facts.scopes) or "none"
    if not facts.may_write(private=False):
        return fail(
            52, f"{prefix}The token may not write to repositories (scopes: {told}).", SCOPES, of=project
        )
    if not facts.may_write(private=True):
        return note(
            52, f"{prefix}The token may write to public repositories only ({told}).", SCOPES, of=project
        )
    return fine(52, f"{prefix}The token's scopes suffice ({told}).", of=project)


def expiry(project: Project, prefix: str, end: datetime | None, now: datetime) -> CheckMessage:
    if end is None:
        return fine(53, f"{prefix}GitHub tells no end of the token's life.", of=project)
    day = f"{end:%Y-%m-%d %H:%M} UTC"
    if end - now < SOON:
        days = max(0, (end - now).days)
        return warn(53, f"{prefix}The token ends in {days} days, on {day}.", NEW_TOKEN, of=project)
    return fine(53, f"{prefix}The token is good until {day}.", of=project)


def skew(project: Project, client: GitHubClient) -> Iterator[CheckMessage]:
    """GitHub's limits and a sync's cursors are moments on its clock."""
    seconds = (timezone.now() - client.server_time()).total_seconds()
    if abs(seconds) > SKEW_SECONDS:
        word = "ahead of" if seconds > 0 else "behind"
        message = f"This host's clock is {abs(seconds):.0f} s {word} GitHub's."
        yield warn(55, message, "Let the host keep its time by NTP (timedatectl set-ntp true).", of=project)
    else:
        yield fine(55, "This host's clock agrees with GitHub's.", of=project)


@register("github", "Projects on GitHub", site_wide=False)
def projects(situation: Situation) -> Iterator[CheckMessage]:
    refused = _refused(situation.projects)
    for project in situation.projects:
        if project.error_code and project.error_code != refused.get(project.credential_id):
            yield fail(57, f"{project.name}: {project.error_message}", "", of=project)
    plain = [project.name for project in _without_webhook(situation.projects)]
    if plain:
        named = ", ".join(plain[:NAMED]) + (f" and {len(plain) - NAMED} more" if len(plain) > NAMED else "")
        message = f"No webhook secret: {named}. Changes on GitHub show at the next sync, within a minute."
        yield note(56, message, "Nothing to do, or a manager stores one in the project's settings.")


def _without_webhook(projects: Iterable[Project]) -> list[Project]:
    """Those with no secret of their own whose GitHub App has none either."""
    plain = [project for project in projects if project.webhook_credential_id is None]
    if not any(project.credential and project.credential.app_id for project in plain):
        return plain
    apps = {app.pk for app in GitHubApp.objects.select_related("credential") if app.has_webhook}
    return [project for project in plain if not (project.credential and project.credential.app_id in apps)]


def _refused(projects: Iterable[Project]) -> dict[int | None, str]:
    """What GitHub said of each credential, as the check above has told it; None: of the one that GITHUB_TOKEN names."""
    own = Q(pk__in=[project.credential_id for project in projects if project.credential_id])
    refused = Credential.objects.filter(own | Q(pk__in=Credential.objects.default()), error_code__gt="")
    found: dict[int | None, str] = {}
    for credential in refused:
        found[credential.pk] = credential.error_code
        if credential.variable == DEFAULT_VARIABLE:
            found[None] = credential.error_code
    return found


def _rate(project: Project, prefix: str, credential: Credential) -> Iterator[CheckMessage]:
    now, said = timezone.now(), quota.overview(credential, timezone.now())
    if quota.is_low(credential, now):
        hint = "Work waits by itself until then. Give busy projects tokens of different accounts."
        yield warn(54, f"{prefix}{said}", hint, of=project)
    elif said:
        yield fine(54, f"{prefix}{said}", of=project)


def _no_token(project: Project, prefix: str) -> CheckMessage:
    hint = (
        f"A manager stores one in the project's settings, or {DEFAULT_VARIABLE} is set for web and workers."
    )
    return fail(50, f"{prefix}There is no GitHub token.", hint, of=project)


def _named(sharing: list[Project]) -> str:
    more = f" and {len(sharing) - 1} more" if len(sharing) > 1 else ""
    return f"Token of {sharing[0].name}{more}: "
