"""An oracle that cannot fail is worthless: each planted bug is found, and without it the same schedule is clean."""

from __future__ import annotations

import pytest

from tests.faults.mutants import MUTANTS, planted
from tests.faults.runner import play

HORIZON = 400


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_the_oracle_finds_what_is_wrong_when(world, name):
    mutant = MUTANTS[name]
    with planted(mutant):
        found = play(world, mutant.schedule(), HORIZON).verdict
    sentences = [*found.duplicates, *found.losses, *found.human_steps, *found.wrongs]
    assert any(mutant.found_as in sentence for sentence in sentences), sentences


@pytest.mark.parametrize(
    "schedule", sorted({each.schedule for each in MUTANTS.values()}, key=repr), ids=lambda make: make.__name__
)
def test_without_the_bug_the_same_schedule_is_clean(world, schedule):
    result = play(world, schedule())
    assert result.log, "something did go wrong"
    assert result.verdict.is_good, result.verdict
