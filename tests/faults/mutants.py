"""Planted bugs: what the product would be without one of its precautions, and the schedule that shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

from automation import attempts, effects, environment, messages, recovery
from automation.reconcile import applying
from automation.steps import publish
from automation.webhooks import receiving
from issues.models import session as sessions
from projects import leases
from tests.faults.boundaries import Blow
from tests.faults.messages import Mail
from tests.faults.post import Letter
from tests.faults.schedule import CLOSING, Act, Schedule
from tests.faults.wire import Trouble

COMMENT = r"POST .*/comments$"
_perform, _claim = effects.perform, leases.claim


def _not_looking(session: Any, kind: str, *, find: Any, **given: Any) -> Any:
    return _perform(session, kind, find=lambda: None, **given)


def _no_journal(session: Any, kind: str, *, act: Callable[[], Any], **_: Any) -> Any:
    return act()


def _only_once(model: Any, pk: int, *since: int, **columns: Any) -> Any:
    is_new = model._default_manager.filter(pk=pk, lease_until=None).exists()
    return _claim(model, pk, *since, **columns) if is_new else None


def _by_force(session: Any, env: Any) -> None:
    target = (env.mirror.remote.url, f"{session.head_sha}:refs/heads/{session.branch_name}")
    env.mirror.git.run("push", "--quiet", "--force", "--", *target, remote=env.mirror.remote)


def _lost_answer() -> Schedule:
    return Schedule(1, troubles=[Trouble("lost", COMMENT)])


def _lost_closing() -> Schedule:
    return Schedule(1, beside=True, troubles=[Trouble("lost", CLOSING)])


def _killed_after_comment() -> Schedule:
    return Schedule(1, blows=[Blow("kill", 1, label=f"after {COMMENT}")])


def _paused_before_comment() -> Schedule:
    return Schedule(1, blows=[Blow("pause", 1, label=r"after GET .*/comments$", seconds=120)])


def _paused_with_agent() -> Schedule:
    return Schedule(1, blows=[Blow("pause", 1, label="during agent", seconds=120)], agent_seconds=(200, 200))


def _killed_at_work() -> Schedule:
    return Schedule(1, blows=[Blow("kill", 1, label="during agent")])


def _pushed_by_a_person() -> Schedule:
    """Just after our own push, whose worker is killed."""
    blow = Blow("kill_far", 1, label="after git push")
    return Schedule(1, blows=[blow], acts=[Act(45, "push", 0)], agent_seconds=(20, 20))


def _lost_message() -> Schedule:
    return Schedule(1, mails=[Mail(1, "lost")])


def _hooked() -> Schedule:
    return Schedule(1, hooked=True, letters=[Letter(1, "doubled")])


@dataclass(frozen=True)
class Mutant:
    schedule: Callable[[], Schedule]
    found_as: str
    changes: tuple[tuple[Any, str, Any], ...]


MUTANTS: dict[str, Mutant] = {
    "an effect is not looked for": Mutant(
        _lost_answer, "comments on", ((publish.effects, "perform", _not_looking),)
    ),
    "a closing is not looked for": Mutant(
        _lost_closing, "issue 1 is closed 2 times", ((publish.effects, "perform", _not_looking),)
    ),
    "an effect has no journal": Mutant(
        _killed_after_comment, "issue 1 is", ((publish.effects, "perform", _no_journal),)
    ),
    "a comment's marker is not read": Mutant(
        _lost_answer, "comments on", ((messages, "find_marker", lambda text: None),)
    ),
    "nobody checks the fence": Mutant(
        _paused_before_comment,
        "comments on",
        tuple((module, "check_lease", lambda lease: None) for module in (effects, attempts, environment)),
    ),
    "the agent of a former worker lives on": Mutant(
        _paused_with_agent,
        "two agents",
        (
            (recovery, "end_former_worker", lambda session: None),
            (applying, "_end_agent", lambda facts, agent: True),
        ),
    ),
    "a dead worker's lease is never free": Mutant(
        _killed_at_work, "issue 1 is ('in_progress'", ((leases, "claim", _only_once),)
    ),
    "a lost message is not noticed": Mutant(
        _lost_message,
        "issue 1 is ('pending'",
        tuple((sessions, name, timedelta(days=30)) for name in ("ENQUEUE_GRACE", "RESENT_AFTER")),
    ),
    "a delivery is answered before it is stored": Mutant(
        _hooked, "nothing came of it", ((receiving.inbox, "keep", lambda *_, **__: None),)
    ),
    "a push overwrites what it finds": Mutant(
        _pushed_by_a_person, "of a person is gone", ((publish, "push", _by_force),)
    ),
}


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    with ExitStack() as stack:
        for module, attribute, value in mutant.changes:
            stack.enter_context(mock.patch.object(module, attribute, value))
        yield
