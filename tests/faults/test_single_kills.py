"""kill -9 at the numbered moments of the plain story: one issue, solved at the first start.

`AUTOWRKERS_EVERY=1` takes every moment, which takes minutes; else those around the claim and the outside effects and a
share of the others are taken.
"""

from __future__ import annotations

import pytest

from tests.faults.boundaries import Blow
from tests.faults.runner import play
from tests.faults.schedule import Schedule
from tests.sharing import EVERY

RECOVERY_SECONDS = 75.0


@pytest.mark.parametrize(("job", "stride", "first"), [("advance", 41, 4), ("tend", 83, 9)])
def test_a_worker_killed_at_any_moment_is_followed_by_another_that_does_nothing_twice(
    world, job, stride, first
):
    moments = _moments(play(world, Schedule(1)).trace, job)
    chosen = range(1, len(moments) + 1) if EVERY else range(first, len(moments) + 1, stride)
    for number in chosen:
        _assert_recovers(world, Blow("kill", number, job), moments[number - 1])


def test_a_worker_killed_before_or_after_its_claim_is_followed_by_another_that_begins(world):
    moments = _moments(play(world, Schedule(1)).trace, "advance")
    until_claimed = moments[: moments.index("after commit issues_sessionevent") + 1]
    assert {"before claim issues_issuesession", "after claim issues_issuesession"} < set(until_claimed)
    for number, label in enumerate(until_claimed, 1):
        _assert_recovers(world, Blow("kill", number, "advance"), label)


def test_a_worker_killed_around_an_outside_effect_leaves_what_the_next_one_finds(world):
    moments = [
        label
        for label in _moments(play(world, Schedule(1)).trace, "advance")
        if label.startswith(("after ", "sent "))
    ]
    effects = [label for label in moments if "POST" in label or "push" in label]
    assert len(effects) == 7, (
        "push, and pull request, label and comment, each when it is sent and when it is answered"
    )
    for number in range(1, len(effects) + 1):
        _assert_recovers(
            world, Blow("kill", number, "advance", r"^(sent|after) (POST|git push)"), effects[number - 1]
        )


def _moments(trace, job):
    steps = (line.split(" ", 3) for line in trace)
    return [label for _, _, its_job, label in steps if its_job == job]


def _assert_recovers(world, blow, label):
    result = play(world, Schedule(1, blows=[blow]))
    assert result.verdict.is_good, (label, result.verdict)
    assert max(result.recoveries, default=0) <= RECOVERY_SECONDS, label
