"""Seeded schedules of faults over the whole product: nothing is lost, nothing is done twice, nobody is needed."""

from __future__ import annotations

import re

import pytest

from projects.github.conditional import LOOKED_THROUGH_EVERY
from projects.models import CachedAnswer
from tests.faults.boundaries import Blow
from tests.faults.loop import EPOCH
from tests.faults.people import BOT, REPO
from tests.faults.runner import Totals, percentile, play
from tests.faults.schedule import NEVER, Schedule, Task, draw
from tests.faults.wire import Trouble

SEEDS = range(1, 7)
RECOVERY_SECONDS = 75.0
COMMENTS = r"POST .*/comments$"


def test_random_faults_lose_nothing_and_do_nothing_twice(world):
    totals = Totals()
    for seed in SEEDS:
        totals.add(play(world, draw(seed)))
    assert (totals.failing, totals.duplicates, totals.losses, totals.human_steps) == ([], 0, 0, 0)
    assert percentile(totals.recoveries, 0.99) <= RECOVERY_SECONDS


@pytest.mark.parametrize(
    ("good", "job"),
    [(1, "advance"), (NEVER, "advance"), (NEVER, "tend")],
    ids=["success", "failure", "later"],
)
def test_a_worker_that_is_late_just_before_a_comment_leaves_does_not_send_it(world, good, job):
    def schedule(*blows):
        refused = [Trouble("503", COMMENTS)] if job == "tend" else []
        return Schedule(1, tasks=[Task(0.0, good)], troubles=refused, blows=list(blows))

    steps = [line.split(" ", 3) for line in play(world, schedule()).trace]
    labels = [label for _, _, its_job, label in steps if its_job == job]
    sent = max(number for number, label in enumerate(labels) if re.search(f"^before {COMMENTS}", label))
    admitted = max(n for n, label in enumerate(labels[:sent]) if label == "after update projects_credential")
    result = play(world, schedule(Blow("pause", admitted + 1, job, seconds=600)))
    assert any("pause" in line for line in result.log)
    assert result.verdict.is_good, result.verdict
    assert len([each for each in world.hub.comments(REPO, 1) if each.author == BOT]) == 1


def test_the_same_seed_comes_to_the_same_moments_whatever_was_played_before(world):
    first = play(world, draw(7))
    use_numbers_up(world.project.credential)
    second = play(world, draw(7))
    assert first.trace == second.trace
    assert first.boundaries > 100


def use_numbers_up(credential):
    """With every so manieth row the stored answers are looked through: let the next row be such a one."""
    number = 0
    while number % LOOKED_THROUGH_EVERY != LOOKED_THROUGH_EVERY - 1:
        values = {"place": f"used {number}", "used_at": EPOCH, "body": b""}
        number = CachedAnswer.objects.create(credential=credential, **values).pk
