"""Tells a repository's webhooks, and those of Apps installed there, of every change of an issue or pull request."""

from __future__ import annotations

from threading import RLock
from typing import Any

from automation.demo.github import pull_payloads
from automation.demo.github.apps import Apps
from automation.demo.github.hooks import Delivery, new_guid
from automation.demo.github.payloads import Shapes
from automation.demo.github.state import Issue, Ledger, Repository


class Announcer:
    """Called within `lock` after each change; what has changed follows from how the issue was when last seen."""

    def __init__(self, ledger: Ledger, shapes: Shapes, apps: Apps, lock: RLock) -> None:
        self._ledger, self._shapes, self._apps, self._lock = ledger, shapes, apps, lock
        self._seen: dict[int, tuple[str, int]] = {}

    def __call__(self, repo: Repository, issue: Issue) -> None:
        former, now = self._seen.get(issue.id), (issue.state, len(issue.comments))
        self._seen[issue.id] = now
        action = "opened" if former is None else "edited"
        if former is not None and former[0] != now[0]:
            action = "closed" if issue.state == "closed" else "reopened"
        for hook in (*repo.hooks.values(), *self._apps.hooks_of(repo)):
            event = "pull_request" if issue.pull else "issues"
            if not hook.wants(event):
                continue
            moment = self._ledger.now()
            delivery = Delivery(self._ledger.next_id(), new_guid(), event, action, repo.id, moment)
            self._ledger.postman.send(hook, delivery, lambda: self._payload(repo, issue, action))

    def _payload(self, repo: Repository, issue: Issue, action: str) -> dict[str, Any]:
        with self._lock:
            about: dict[str, Any] = {"issue": self._shapes.issue(repo, issue)}
            if issue.pull:
                shown = pull_payloads.pull_details(self._shapes, repo, issue, issue.pull, viewer=issue.author)
                about = {"number": issue.number, "pull_request": shown}
            return {
                "action": action,
                **about,
                "repository": self._shapes.repository(repo, viewer=repo.owner),
                "sender": self._shapes.user(issue.closed_by or issue.author),
            }
