"""The checks of a newly linked repository, each by doing what work on it will do: with its remedy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.checks import CheckMessage

from automation.checks import agents, tokens, tools
from automation.checks.registry import fail, fine, note, warn
from automation.checks.situation import REQUEST_SECONDS, Situation
from automation.webhooks import setup
from automation.webhooks.setup import Standing
from projects.connection import connected, remote_of
from projects.errors import AutowrkersError
from projects.github.client import GitHubClient
from projects.github.errors import BadCredentials, Forbidden, NotFound
from projects.github.payloads import Repository
from projects.github.ratelimit import Priority
from projects.models import Credential, Project
from projects.workspace.git import Git, init_repository

CLONE_SECONDS = 30.0
POLLED = "Without it changes show at the next sync, within a minute."
WRITE = "Give it write access: for a classic token the scope repo, and its account the role Write there."


@dataclass(frozen=True)
class LinkCheck:
    """`doing` says in words what is tried; `propose_branch` which branch the project should rather use.

    `page` is where a person does the same by hand.
    """

    name: str
    title: str
    doing: str
    look: Callable[[Project, Situation], Iterator[CheckMessage]]
    propose_branch: Callable[[Project], str] | None = None
    page: str = ""


def token(project: Project, situation: Situation) -> Iterator[CheckMessage]:
    yield from tokens.live(project, "", situation)


def repository(project: Project, situation: Situation) -> Iterator[CheckMessage]:
    try:
        with connected(
            project, priority=Priority.PEOPLE, patience_seconds=situation.seconds(REQUEST_SECONDS)
        ) as client:
            found = client.get_repository(project.github_repo)
            yield from _reach(project, found)
            yield from _issues(project, client)
            yield from _base(project, client, found)
    except BadCredentials as error:
        yield fail(80, error.message, tokens.NEW_TOKEN, of=project)
    except AutowrkersError as error:
        yield fail(80, error.message, error.remedy, of=project)


def clone(project: Project, situation: Situation) -> Iterator[CheckMessage]:
    """`git ls-remote` in a folder of its own: the same program, address and token as a fetch, and no files."""
    try:
        remote = remote_of(project)
        with tempfile.TemporaryDirectory(prefix="autowrkers-check-") as folder:
            place = Path(folder) / "empty.git"
            init_repository(place, bare=True)
            line = ("ls-remote", "--heads", "--", remote.url)
            said = Git(place).run(*line, remote=remote, timeout=situation.seconds(CLONE_SECONDS))
    except AutowrkersError as error:
        yield fail(84, error.message, error.remedy, of=project)
        return
    names = [row.partition("\t")[2].removeprefix("refs/heads/") for row in said.splitlines()]
    if not names:
        yield fail(85, "The repository has no commit yet.", "Push a first commit to it.", of=project)
    elif project.default_branch not in names:
        message = f"git reads it, but there is no branch {project.default_branch}."
        yield fail(86, message, "Correct the default branch in the project's settings.", of=project)
    else:
        number = "1 branch" if len(names) == 1 else f"{len(names)} branches"
        yield fine(
            84, f"git reads the repository: {number}, {project.default_branch} among them.", of=project
        )


def agent(project: Project, situation: Situation) -> Iterator[CheckMessage]:
    yield from agents.look_at_agent(project, situation)
    yield from tools.sandbox(situation)


def webhook(project: Project, situation: Situation) -> Iterator[CheckMessage]:
    """It is made here, once. Nothing needs it, so that nothing is wrong where it cannot be."""
    try:
        standing = setup.ensure(
            project, actor=situation.actor, patience_seconds=situation.seconds(REQUEST_SECONDS)
        )
    except AutowrkersError as error:
        yield note(88, error.message, f"{error.remedy} {POLLED}".strip(), of=project)
        return
    if standing is Standing.OF_APP:
        yield fine(88, "The webhook of the GitHub App calls this site: none is needed beside it.", of=project)
    elif standing is Standing.MADE:
        yield fine(88, "The webhook is made: changes on GitHub show here within seconds.", of=project)
    elif standing is Standing.THERE:
        yield fine(88, "GitHub has the webhook that calls this site.", of=project)
    elif standing is Standing.OFF:
        message = "The webhook that calls this site is switched off on GitHub."
        yield note(88, message, f"Make it anew on the Webhook page. {POLLED}", of=project)
    else:
        message = "A webhook secret is stored, but no webhook of the repository calls this site."
        hint = f"An organisation's may. Else make it on the Webhook page. {POLLED}"
        yield note(88, message, hint, of=project)


def default_branch_of(project: Project) -> str:
    """GitHub's own; empty when that cannot be asked now."""
    try:
        with connected(project, priority=Priority.PEOPLE, patience_seconds=REQUEST_SECONDS) as client:
            return client.get_repository(project.github_repo).default_branch
    except AutowrkersError:
        return ""


def _reach(project: Project, found: Repository) -> Iterator[CheckMessage]:
    if found.archived:
        yield fail(80, f"{found.full_name} is archived: nothing can be pushed.", "Unarchive it.", of=project)
    elif not found.can_push and not _is_app(project):
        message = f"{found.full_name} is reachable, but the token may not push to it."
        yield fail(81, message, WRITE, of=project)
    else:
        kind = "private" if found.private else "public"
        yield fine(80, f"{found.full_name} ({kind}) is reachable, and the token may push to it.", of=project)
    if found.full_name.lower() != project.github_repo.lower():
        message = f"{project.github_repo} is now called {found.full_name}."
        yield warn(80, message, "Write the present name in the project's settings.", of=project)


def _is_app(project: Project) -> bool:
    """GitHub tells of a collaborator's permissions here, not of an App's: those it checked when it made the token."""
    return project.credential is not None and project.credential.kind == Credential.Kind.INSTALLATION


def _issues(project: Project, client: GitHubClient) -> Iterator[CheckMessage]:
    page = next(client.iter_issues(project.github_repo, state="open"), None)
    number = sum(not issue.is_pull_request for issue in page.issues) if page else 0
    many = f"{number} or more" if page and len(page.issues) == 100 else str(number)
    yield fine(87, f"Its issues can be read: {many} open.", of=project)


def _base(project: Project, client: GitHubClient, found: Repository) -> Iterator[CheckMessage]:
    base = project.default_branch
    if found.default_branch != base:
        message = (
            f"Pull requests would go to {base}, but the default branch on GitHub is {found.default_branch}."
        )
        yield warn(82, message, f"Use {found.default_branch}, unless {base} is meant.", of=project)
    try:
        approvals = client.get_required_reviews(project.github_repo, base)
    except NotFound:
        yield fail(83, f"There is no branch {base}.", "Correct the default branch.", of=project)
        return
    except Forbidden:
        approvals = None
    if approvals is None:
        message = f"Whether {base} accepts merges without review could not be read: the token may not."
        yield note(83, message, "Look under Settings, Branches on GitHub.", of=project)
    elif approvals == 0:
        message = f"{base} accepts merges without review."
        hint = "Let a ruleset on GitHub (Settings, Rules) require a pull request with at least one approval."
        yield warn(83, message, hint, of=project)
    else:
        number = "1 approval" if approvals == 1 else f"{approvals} approvals"
        yield fine(83, f"A merge into {base} needs {number}.", of=project)


LINK_CHECKS = {
    check.name: check
    for check in (
        LinkCheck("token", "Way in", "Asks GitHub whose token it is and what it may do.", token),
        LinkCheck(
            "repository",
            "Repository",
            "Reads the repository, its issues and its base branch.",
            repository,
            default_branch_of,
        ),
        LinkCheck("clone", "Clone", "Lets git read the repository as workers do.", clone),
        LinkCheck(
            "webhook",
            "Webhook",
            "Makes the webhook on GitHub where the token may, so that changes show within seconds.",
            webhook,
            page="admin:webhook",
        ),
        LinkCheck("agent", "Agent", "Starts the agent for its version, in the sandbox.", agent),
    )
}
