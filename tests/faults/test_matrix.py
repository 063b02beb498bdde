"""No row of the matrix is without a proof, and CI runs every case of every proof that it names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.collecting import OFF
from tests.faults.matrix import MATRIX, PROOFS

ROOT = Path(__file__).resolve().parent.parent.parent
CHOOSING = ("AUTOWRKERS_EVERY", "PYTEST_ADDOPTS")


def test_every_row_from_1_to_35_is_there():
    assert list(MATRIX) == [f"R{number}" for number in range(1, 36)]


def test_every_row_has_proofs():
    assert [number for number, row in MATRIX.items() if not row.proofs] == []


def test_every_case_of_every_proof_runs_wherever_all_tests_run():
    run, all_there_are = collected(), collected(AUTOWRKERS_EVERY="1")
    assert sorted(PROOFS - {name_of(case) for case in run}) == [], "gone"
    assert sorted(case for case in run if case.endswith(OFF) and name_of(case) in PROOFS) == []
    assert sorted(case for case in all_there_are - run if name_of(case) in PROOFS) == [], "left out"


def collected(**environment):
    """The cases that pytest itself finds to run in the files of the proofs."""
    files = sorted({proof.partition("::")[0] for proof in PROOFS})
    plain = {name: value for name, value in os.environ.items() if name not in CHOOSING}
    argv = [sys.executable, "-m", "tests.faults.collecting", *files]
    run = subprocess.run(argv, cwd=ROOT, env=plain | environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return {line for line in run.stdout.splitlines() if "::" in line}


def name_of(case):
    return case.removesuffix(OFF).partition("[")[0]
