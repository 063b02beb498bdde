"""Seeded schedules of faults over the whole product: nothing is lost, nothing is done twice, nobody is needed."""

from __future__ import annotations

from tests.faults.runner import Totals, percentile, play
from tests.faults.schedule import draw

SEEDS = range(1, 9)
RECOVERY_SECONDS = 75.0


def test_random_faults_lose_nothing_and_do_nothing_twice(world):
    totals = Totals()
    for seed in SEEDS:
        totals.add(play(world, draw(seed)))
    assert (totals.failing, totals.duplicates, totals.losses, totals.human_steps) == ([], 0, 0, 0)
    assert percentile(totals.recoveries, 0.99) <= RECOVERY_SECONDS


def test_the_same_seed_comes_to_the_same_moments(world):
    first, second = (play(world, draw(7)) for _ in range(2))
    assert first.trace == second.trace
    assert first.boundaries > 100
