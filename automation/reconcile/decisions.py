"""What is to be done about a project, decided from a frozen snapshot alone: no database, no clock, no files.

Asked again about the same snapshot it says the same, and about one where all of it was done it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from issues.states import ENDED, RUNNABLE, Status

ARCHIVED = "github.archived"
NO_BRANCH = "git.no_default_branch"
LOSABLE = frozenset({*RUNNABLE, Status.NEEDS_REVIEW})


class Hold(StrEnum):
    """`LAPSED`: the last holder never gave the lease back, so it may believe that it still has it."""

    FREE = "free"
    LAPSED = "lapsed"
    LIVE = "live"


@dataclass(frozen=True)
class Agent:
    """An attempt without an end whose process was started on this host."""

    attempt_pk: int
    pid: int
    started: str
    is_alive: bool


@dataclass(frozen=True)
class Folder:
    """One of a session's folders on this host. `fence` is empty where the name bears none."""

    path: str
    kind: str
    fence: int | None = None


@dataclass(frozen=True)
class SessionFacts:
    """A session as it was read. `has_refs`: the project's mirror on this host keeps commits for it.

    `awaits_worker`: it may be claimed at any moment, and whoever claims it tidies up first.
    """

    pk: int
    number: int
    status: str
    round: int
    fence: int
    hold: Hold = Hold.FREE
    reason: str = ""
    is_parked: bool = False
    awaits_worker: bool = False
    has_pull_request: bool = False
    requested_verb: str = ""
    agents: tuple[Agent, ...] = ()
    folders: tuple[Folder, ...] = ()
    has_refs: bool = False


@dataclass(frozen=True)
class LostIssue:
    """An issue that GitHub no longer has in this repository, and where it went."""

    number: int
    reason: str
    message: str


@dataclass(frozen=True)
class RemoteFacts:
    """What GitHub told just now. `branch_is_there`: the project's own default branch, if that was asked."""

    default_branch: str
    branch_is_there: bool = True
    lost: tuple[LostIssue, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """`known_branch` is GitHub's default branch as the project knew it; `remote` is empty when GitHub was not asked."""

    default_branch: str
    known_branch: str = ""
    is_archived: bool = False
    sessions: tuple[SessionFacts, ...] = ()
    remote: RemoteFacts | None = None


@dataclass(frozen=True)
class Pause:
    """Nothing may start: the repository takes no change."""


@dataclass(frozen=True)
class FollowBranch:
    """GitHub's default branch has a new name; the project that used the old one moves along."""

    old: str
    new: str


@dataclass(frozen=True)
class NoteBranch:
    """GitHub's default branch is another one, which is no matter for this project."""

    new: str


@dataclass(frozen=True)
class EndAgent:
    session: SessionFacts
    agent: Agent


@dataclass(frozen=True)
class LoseAttempt:
    """Its session has ended and its process is gone: nobody else would say so."""

    session: SessionFacts
    agent: Agent


@dataclass(frozen=True)
class CarryOut:
    """A person's request that no worker carried out."""

    session: SessionFacts


@dataclass(frozen=True)
class Skip:
    session: SessionFacts
    reason: str
    message: str


@dataclass(frozen=True)
class Wake:
    """What it was parked for is mended."""

    session: SessionFacts


@dataclass(frozen=True)
class Clear:
    """Nothing of an ended session is needed on this host any more."""

    session: SessionFacts


@dataclass(frozen=True)
class Sweep:
    """Folders that its next holder would not use either."""

    session: SessionFacts
    folders: tuple[Folder, ...]


OfProject = Pause | FollowBranch | NoteBranch
OfSession = EndAgent | LoseAttempt | CarryOut | Skip | Wake | Clear | Sweep
Decision = OfProject | OfSession


def decide(snapshot: Snapshot) -> list[Decision]:
    """What concerns the whole project first, then session by session in the order of their keys."""
    decisions: list[Decision] = list(_of_project(snapshot))
    moves = any(isinstance(decision, FollowBranch) for decision in decisions)
    lost = {issue.number: issue for issue in snapshot.remote.lost} if snapshot.remote else {}
    for session in sorted(snapshot.sessions, key=lambda session: session.pk):
        decisions += _of_session(session, lost.get(session.number), has_new_branch=moves)
    return decisions


def _of_project(snapshot: Snapshot) -> Iterator[OfProject]:
    if snapshot.is_archived:
        yield Pause()
    remote, known = snapshot.remote, snapshot.known_branch
    if remote is None or remote.default_branch == known:
        return
    if known == snapshot.default_branch and not remote.branch_is_there:
        yield FollowBranch(known, remote.default_branch)
    else:
        yield NoteBranch(remote.default_branch)


def _of_session(
    session: SessionFacts, lost: LostIssue | None, *, has_new_branch: bool
) -> Iterator[OfSession]:
    """Nothing for one that somebody holds; nothing is removed while a process may still write there."""
    if session.hold is Hold.LIVE:
        return
    living = [agent for agent in session.agents if agent.is_alive]
    for agent in living:
        yield EndAgent(session, agent)
    if session.status in ENDED:
        for agent in session.agents:
            if not agent.is_alive:
                yield LoseAttempt(session, agent)
        if not living and (session.folders or session.has_refs):
            yield Clear(session)
    elif session.requested_verb:
        yield CarryOut(session)
    elif lost is not None and session.status in LOSABLE and not session.has_pull_request:
        yield Skip(session, lost.reason, lost.message)
    else:
        if has_new_branch and session.is_parked and session.reason == NO_BRANCH:
            yield Wake(session)
        stray = _stray(session)
        if stray and not living and session.hold is Hold.FREE and not session.awaits_worker:
            yield Sweep(session, stray)


def _stray(session: SessionFacts) -> tuple[Folder, ...]:
    """All checkouts of checks, which last only as long as a check, and all clones but the newest."""
    newest = max((f.fence or 0 for f in session.folders if f.kind == "clones"), default=0)
    return tuple(
        folder
        for folder in session.folders
        if folder.kind == "checks"
        or (folder.kind == "clones" and folder.fence is not None and folder.fence < newest)
    )
