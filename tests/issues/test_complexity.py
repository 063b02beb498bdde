"""The weights of the complexity score, its levels and the reasons that people read."""

from __future__ import annotations

import pytest

from issues.complexity import score


@pytest.mark.parametrize(
    ("body", "labels", "points"),
    [
        ("", [], 0),
        ("x" * 1500, [], 1.5),
        ("a.py b.py a.py", [], 4.014),
        ("", ["security", "bug"], 5),
        ("", ["Breaking-Change", "architecture"], 10),
        ("why? how?", [], 4.009),
    ],
)
def test_the_weights(body, labels, points):
    assert score("Title?", body, labels).score == pytest.approx(points)


@pytest.mark.parametrize(
    ("body", "level"),
    [
        ("x" * 4999, "low"),
        ("x" * 5000, "medium"),
        ("x" * 11_999, "medium"),
        ("x" * 12_000, "high"),
    ],
)
def test_the_levels_begin_at_five_and_twelve(body, level):
    assert score("Title", body, []).level == level


def test_the_reasons_name_what_counts_with_the_most_points_first():
    rating = score("Crash in login.py", "x" * 990 + " see b.py?", ["security"])
    assert rating.reasons == (
        "labelled security (+5.0)",
        "2 files named (+4.0)",
        "1 question mark (+2.0)",
        "description of 1,000 characters (+1.0)",
    )


def test_a_file_in_title_and_body_counts_once():
    assert score("Crash in a.py", "a.py", []).score == pytest.approx(2.004)


def test_a_project_names_its_own_complex_labels():
    assert score("", "", ["security", "Epic"], complex_labels=["epic"]).reasons == ("labelled Epic (+5.0)",)
