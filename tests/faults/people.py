"""What people do meanwhile: on GitHub, and in the product. They merge what is ready, sooner or later."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from django.db import DatabaseError

from automation.demo.github.messages import Request
from automation.demo.github.refusals import Refusal
from automation.demo.github.state import Issue
from issues import verbs
from issues.models import IssueSession
from issues.transitions import Conflict
from tests.faults.schedule import Act, Task

if TYPE_CHECKING:
    from tests.faults.world import World

LOOK_SECONDS = 20.0
REPO, BOT = "acme/calc", "autowrkers-bot"
HARMLESS = ("edit_issue", "merge_pr", "quote")
CLOSING = re.compile(r"/issues/(\d+)$")


class People:
    """`touched` are the issues whose end a person has decided; `stopped` when work on one had to end.

    `closed` are the closings of issues that the product asked for and got; `reopened` when a person undid one.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbers: list[int] = []
        self.tasks: dict[int, Task] = {}
        self.touched: dict[int, list[str]] = {}
        self.stopped: dict[int, float] = {}
        self.pushed: list[tuple[str, str]] = []  # branch and commit
        self.deleted: dict[str, float] = {}
        self.closed: list[int] = []
        self.reopening: set[int] = set()
        self.reopened: dict[int, float] = {}
        self.last_act = 0.0
        self._awaited: set[int] = set()

    def begin(self) -> None:
        loop, schedule = self.world.loop, self.world.schedule
        for task in sorted(schedule.tasks, key=lambda task: task.at):
            loop.at(task.at, self._open_issue, task)
        for act in schedule.acts:
            self.last_act = max(self.last_act, act.at)
            loop.at(act.at, self._do, act)
        loop.at(LOOK_SECONDS, self._look)

    def pull_of(self, number: int) -> Issue | None:
        """The newest pull request of ours for the issue."""
        pulls = [
            pull for pull in self.world.hub.pulls(REPO) if pull.author == BOT and _issue_of(pull) == number
        ]
        return pulls[-1] if pulls else None

    def _open_issue(self, task: Task) -> None:
        hub = self.world.hub
        number = hub.create_issue(REPO, f"Issue {len(self.numbers) + 1}", "Please mend it.", ["agent"])
        words = f"{task.good} {'yes' if task.commits else 'no'}\n"
        (self.world.root / f"plan-{number}").write_text(words)
        self.numbers.append(number)
        self.tasks[number] = task

    def _look(self) -> None:
        """Merge each pull request of ours some time after it was opened."""
        for pull in self.world.hub.pulls(REPO):
            if pull.state == "open" and pull.number not in self._awaited:
                self._awaited.add(pull.number)
                self.world.loop.at(
                    self.world.loop.now + self.world.rng.uniform(10, 90), self._merge, pull.number
                )
        if self.world.schedule.reopens:
            self._reopen_later()
        self.world.loop.at(self.world.loop.now + LOOK_SECONDS, self._look)

    def _reopen_later(self) -> None:
        """Once what the product has closed, and not what a person has."""
        for number in self.numbers:
            is_ours = self.world.hub.issue(REPO, number).closed_by == BOT
            if is_ours and number not in self.reopening and number not in self.reopened:
                self.reopening.add(number)
                wait = self.world.rng.uniform(1, 60)
                self.world.loop.at(self.world.loop.now + wait, self._reopen, number)

    def _reopen(self, number: int) -> None:
        self.world.tell(f"{number} is opened again")
        self.world.hub.reopen(REPO, number)
        self.reopening.remove(number)
        self.reopened[number] = self.world.loop.now

    def see(self, request: Request) -> None:
        """What GitHub has done for the product."""
        found = CLOSING.search(request.path)
        if request.method == "PATCH" and found and json.loads(request.body).get("state") == "closed":
            self.closed.append(int(found[1]))

    def _merge(self, number: int) -> None:
        pull = self.world.hub.issue(REPO, number)
        if pull.state != "open" or pull.pull is None:
            return
        branches = self.world.bare.branches()
        if pull.pull.head_ref in branches:
            self.world.tell(f"pull request {number} is merged")
            self.world.hub.merge(REPO, number)

    def _do(self, act: Act) -> None:
        if act.issue >= len(self.numbers):
            return
        number = self.numbers[act.issue]
        try:
            is_done = getattr(self, f"_{act.what}")(number)
        except (Conflict, DatabaseError, IssueSession.DoesNotExist, Refusal) as error:
            self.world.tell(f"{act.what} of {number} is refused: {error}")
            return
        if is_done is False:
            return
        self.world.tell(f"{act.what} of {number}")
        if act.what not in HARMLESS:
            self.touched.setdefault(number, []).append(act.what)

    # In the product.

    def _stop(self, number: int) -> None:
        self._ask(number, verbs.stop)

    def _skip(self, number: int) -> None:
        self._ask(number, verbs.skip)

    def _stop_and_start(self, number: int) -> None:
        self._ask(number, verbs.stop)
        self.world.loop.at(self.world.loop.now + 100, self._start, number)

    def _ask(self, number: int, verb: object) -> None:
        answer = verb(self._session(number), actor="ann")  # type: ignore[operator]
        grace = 0.0 if answer == verbs.DONE else 60.0
        self.stopped[number] = self.world.loop.now + grace

    def _start(self, number: int) -> None:
        try:
            verbs.start(self._session(number), actor="ann")
            self.stopped.pop(number, None)
        except (Conflict, DatabaseError) as error:
            self.world.tell(f"start of {number} is refused: {error}")

    def _session(self, number: int) -> IssueSession:
        return IssueSession.objects.select_related("project").get(github_issue_number=number)

    # On GitHub.

    def _close_issue(self, number: int) -> None:
        self.world.hub.close(REPO, number)

    def _unlabel(self, number: int) -> None:
        self.world.hub.edit_issue(REPO, number, labels=[])

    def _edit_issue(self, number: int) -> None:
        self.world.hub.edit_issue(REPO, number, title="Another title", body="Other words.")

    def _quote(self, number: int) -> bool:
        """A person quotes the hidden marker of ours: that is no comment of ours."""
        comments = self.world.hub.comments(REPO, number)
        ours = next((comment for comment in comments if comment.author == BOT), None)
        if ours is None:
            return False
        self.world.hub.comment(REPO, number, ours.body)
        return True

    def _close_pr(self, number: int) -> bool:
        pull = self.pull_of(number)
        if pull is None or pull.state != "open":
            return False
        self.world.hub.close(REPO, pull.number)
        return True

    def _merge_pr(self, number: int) -> bool:
        pull = self.pull_of(number)
        if pull is not None:
            self._merge(pull.number)
        return pull is not None

    def _delete_branch(self, number: int) -> bool:
        branch = f"feature/issue-{number}"
        if branch not in self.world.bare.branches():
            return False
        self.world.bare.git("update-ref", "-d", f"refs/heads/{branch}")
        self.deleted[branch] = self.world.loop.now
        self.world.refresh()
        return True

    def _push(self, number: int) -> bool:
        return self._commit(number, start=f"feature/issue-{number}")

    def _force_push(self, number: int) -> bool:
        return self._commit(number, start=self.world.base)

    def _commit(self, number: int, start: str) -> bool:
        branch, bare = f"feature/issue-{number}", self.world.bare
        if branch not in bare.branches():
            return False
        stream = f"commit refs/heads/{branch}\ncommitter Ann <ann@example.com> 1767900000 +0000\n"
        stream += f"data 7\nBy hand\nfrom {bare.resolve(start)}\nM 644 inline BY-HAND\ndata 5\nmine\n\n"
        bare.git("fast-import", "--quiet", "--force", stdin=stream.encode())
        self.pushed.append((branch, str(bare.resolve(branch))))
        self.world.refresh()
        return True


def _issue_of(pull: Issue) -> int:
    head = pull.pull.head_ref if pull.pull else ""
    digits = head.removeprefix("feature/issue-").split("-")[0]
    return int(digits) if digits.isdigit() else 0
