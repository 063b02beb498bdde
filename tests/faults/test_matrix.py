"""No row of the matrix is without a proof, and every proof that it names is a test that runs."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.faults.matrix import MATRIX

TESTS = Path(__file__).resolve().parent.parent
SKIPPED = ("skip", "skipif", "xfail")


def test_every_row_from_1_to_35_is_there():
    assert list(MATRIX) == [f"R{number}" for number in range(1, 36)]


@pytest.mark.parametrize("number", MATRIX)
def test_every_proof_that_a_row_names_is_a_test_that_runs(number):
    row = MATRIX[number]
    assert row.proofs, f"{number} ({row.fault}) has no proof"
    for proof in row.proofs:
        path, _, name = proof.partition("::")
        assert name in running_in(path), f"{number} names {proof}, which is gone"


@cache
def running_in(path):
    """The names of the file's tests that are not switched off."""
    file = TESTS / path
    if not file.is_file():
        return frozenset()
    functions = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    return frozenset(function.name for function in functions if not is_switched_off(function))


def is_switched_off(function):
    marks = (
        node.attr
        for mark in function.decorator_list
        for node in ast.walk(mark)
        if isinstance(node, ast.Attribute)
    )
    return any(mark in SKIPPED for mark in marks)
