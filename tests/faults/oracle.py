"""Judges a run by the simulator's own ledger: requests, pushes, pull requests, comments, and the scripts' journal.

Only `held` asks the product, since what it shows to people is the question there.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from automation.markers import find_marker
from issues.models import IssueSession
from issues.states import Status
from tests.faults.people import BOT, REPO
from tests.faults.schedule import NEVER

if TYPE_CHECKING:
    from tests.faults.world import World

BRANCH = re.compile(r"feature/issue-(\d+)(-\d+)?")
TAKEN = 0.5  # a push or request that was on its way when a person acted


@dataclass
class Verdict:
    duplicates: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    human_steps: list[str] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.duplicates or self.losses or self.human_steps or self.wrongs)


def judge(world: World) -> Verdict:
    verdict = Verdict()
    verdict.duplicates += [
        *_branches(world),
        *_pulls(world),
        *_comments(world),
        *_agents(world),
        *_restarts(world),
        *_closings(world),
    ]
    verdict.wrongs += [*_forbidden(world), *_after_stop(world), *_people_overrun(world), *_errors(world)]
    verdict.losses += [
        f"the delivery {guid} was taken, and nothing came of it" for guid in world.post.unheard()
    ]
    for number, task in world.people.tasks.items():
        if number not in world.people.touched:
            _judge_end(world, number, task.good, verdict)
        elif (session := _session(number)) is not None and session.queued_at is not None:
            verdict.losses.append(f"issue {number} stays {session.status} ({session.reason})")
    return verdict


def _judge_end(world: World, number: int, good: int, verdict: Verdict) -> None:
    pull = world.people.pull_of(number)
    is_merged = pull is not None and pull.pull is not None and pull.pull.merged_at is not None
    session = _session(number)
    status = (session.status, session.reason) if session else ("not even synced", "")
    if status[0] == Status.NEEDS_REVIEW:
        verdict.human_steps.append(f"issue {number} is held: {status[1]}")
    elif good == NEVER:
        said = _said(world, number)
        if pull is not None or said["comment_failed"] != 1 or status[0] != Status.FAILED:
            verdict.losses.append(f"issue {number}, not to be solved, is {status}, comments {dict(said)}")
    elif not is_merged or status[0] != Status.COMPLETED or _said(world, number)["comment_pr"] != 1:
        comments = dict(_said(world, number))
        verdict.losses.append(f"issue {number} is {status}, merged {is_merged}, comments {comments}")
    elif world.hub.issue(REPO, number).state != "closed" and number not in world.people.reopened:
        verdict.losses.append(f"issue {number} is merged and stays open")


def _session(number: int) -> IssueSession | None:
    return IssueSession.objects.filter(github_issue_number=number).first()


def _said(world: World, number: int) -> Counter[str]:
    marks = (find_marker(c.body) for c in world.hub.comments(REPO, number) if c.author == BOT)
    return Counter(mark.kind for mark in marks if mark is not None)


def _branches(world: World) -> list[str]:
    counts = Counter(found[1] for name in world.bare.branches() if (found := BRANCH.fullmatch(name)))
    names = {name for _, name, _ in world.programs.pushes}
    counts |= Counter(found[1] for name in names if (found := BRANCH.fullmatch(name)))
    return [f"{count} branches for issue {number}" for number, count in counts.items() if count > 1]


def _pulls(world: World) -> list[str]:
    marks = Counter(find_marker(pull.body) for pull in world.hub.pulls(REPO) if pull.author == BOT)
    wrong = [f"{count} pull requests with {mark}" for mark, count in marks.items() if count > 1]
    heads = Counter(p.pull.head_ref for p in world.hub.pulls(REPO) if p.pull and p.state == "open")
    return wrong + [f"{count} open pull requests from {head}" for head, count in heads.items() if count > 1]


def _comments(world: World) -> list[str]:
    wrong = []
    for number in world.people.tasks:
        ours = [comment for comment in world.hub.comments(REPO, number) if comment.author == BOT]
        marks = Counter(find_marker(comment.body) for comment in ours)
        wrong += [f"{count} comments on {number} with {mark}" for mark, count in marks.items() if count > 1]
    return wrong


def _closings(world: World) -> list[str]:
    """Of an issue that GitHub does not close at the merge: ours, once, also when a person opens it again."""
    counts = Counter(world.people.closed)
    if not world.schedule.beside:
        return [f"issue {number} is closed by us, and not by the merge alone" for number in counts]
    return [f"issue {number} is closed {count} times" for number, count in counts.items() if count > 1]


def _agents(world: World) -> list[str]:
    """Never two agents on one issue at once."""
    wrong = []
    runs = sorted(world.programs.runs, key=lambda run: run.began_at)
    for position, run in enumerate(runs):
        for other in runs[position + 1 :]:
            if other.issue == run.issue and other.began_at < run.ends_at:
                wrong.append(f"two agents on {run.issue} at {other.began_at:.1f}")
    return wrong


def _restarts(world: World) -> list[str]:
    """Work whose checks have passed is never begun anew, unless a person asked for it."""
    wrong, passed = [], set()
    for line in (world.root / "journal").read_text().splitlines():
        word, number, *_ = [*line.split(), "?"]
        if number == "?":
            wrong.append(f"a script found no repository: {line}")
        if word == "pass":
            passed.add(number)
        elif word == "start" and number in passed and int(number) not in world.people.touched:
            wrong.append(f"an agent started on {number} after its checks had passed")
    return wrong


def _forbidden(world: World) -> list[str]:
    return [
        f"{sent.method} {sent.path} at {sent.left_at:.1f}, "
        f"forbidden from {limit.since:.1f} until {limit.until:.1f} ({sent.job})"
        for limit in world.wire.forbidden
        for sent in world.wire.sent
        if sent.token == limit.token and limit.since < sent.left_at < limit.until
    ]


def _after_stop(world: World) -> list[str]:
    wrong = []
    for number, since in world.people.stopped.items():
        late = [
            f"agent {run.began_at:.1f}"
            for run in world.programs.runs
            if (run.issue, True) == (number, run.began_at > since)
        ]
        late += [
            f"push {at:.1f}"
            for at, name, _ in world.programs.pushes
            if _is_of(name, number) and at > since + 2
        ]
        for sent in world.wire.sent:
            if sent.method == "POST" and sent.left_at > since and _is_about(sent.path, sent.body, number):
                late.append(f"{sent.path} {sent.left_at:.1f}")
        wrong += [f"after the stop of {number} at {since:.1f}: {what}" for what in late]
    return wrong


def _is_of(branch: str, number: int) -> bool:
    found = BRANCH.fullmatch(branch)
    return found is not None and int(found[1]) == number


def _is_about(path: str, body: bytes, number: int) -> bool:
    if path.endswith("/pulls"):
        return _is_of(json.loads(body)["head"].rpartition(":")[2], number)
    return path.endswith(f"/issues/{number}/comments")


def _people_overrun(world: World) -> list[str]:
    """A person's commit stays on its branch; a branch that a person deleted stays away, if we knew of it."""
    wrong, branches = [], world.bare.branches()
    for branch, sha in world.people.pushed:
        if branch in world.people.deleted:
            continue
        if branch not in branches or world.bare.merge_base(branches[branch], sha) != sha:
            replaced = any(other == branch and mine != sha for other, mine in world.people.pushed)
            if not replaced:
                wrong.append(f"the commit {sha[:7]} of a person is gone from {branch}")
    for branch, since in world.people.deleted.items():
        again = any(name == branch and at > since + TAKEN * 4 for at, name, _ in world.programs.pushes)
        if again and world.programs.knew_of(branch, since):
            wrong.append(f"{branch} was pushed again after a person had deleted it")
    return wrong


def _errors(world: World) -> list[str]:
    """A job of the queue may fail for want of a database, and for nothing else."""
    schedule = world.schedule
    has_trouble = bool(schedule.outages or schedule.failing_commits or schedule.full)
    return [error for error in world.errors if not (has_trouble and "OperationalError" in error)]
