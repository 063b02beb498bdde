"""What a report concludes from its runs, and how it tells."""

from __future__ import annotations

import pytest

from projects import redaction
from verification.output import KEPT_BYTES, readable
from verification.report import FAULTS, MISSING_TOOL, CheckRun, Report, SummaryLine
from verification.strategy import PlannedCheck


def run(passed, *, name="Test", output="", status=None, fault="", command="make test"):
    return CheckRun(PlannedCheck("test", name, command), passed, status, output, 1500, fault)


def report(*runs, manual_review=""):
    return Report(runs, manual_review)


def test_a_report_passes_when_no_check_failed():
    assert report(run(True), run(None)).passed
    assert report(run(None), manual_review="No tests.").passed
    assert not report(run(True), run(False)).passed


def test_a_fault_is_told_with_its_remedy():
    told = report(run(False), run(False, name="Lint", fault=MISSING_TOOL))
    assert (told.passed, told.fault_code) == (False, MISSING_TOOL)
    assert "'Lint'" in told.fault
    assert "Install it" in told.fault
    assert report(run(False)).fault == ""


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_a_sentence(fault):
    assert report(run(False, name="Lint", fault=fault)).fault.endswith(".")


def test_the_summary_names_every_check_with_its_verdict_and_seconds():
    told = report(run(True, name="Lint"), run(False), run(None, name="Smoke"))
    assert told.summary() == (
        SummaryLine("Lint", "passed", 1.5),
        SummaryLine("Test", "failed", 1.5),
        SummaryLine("Smoke", "not checked", 1.5),
    )


def test_the_failure_text_holds_what_failed_and_nothing_else():
    text = report(run(True, output="fine"), run(False, output="1 failed\n", status=1)).failure_text()
    assert text == "Test failed (exit status 1)\n$ make test\n1 failed"


def test_a_short_failure_leaves_its_room_to_a_long_one():
    long = "start\n" + "é" * 100_000 + "\nend"
    text = report(run(False, output="short", status=1), run(False, output=long, status=2)).failure_text()
    assert 19_000 < len(text.encode()) <= 20_000
    assert "short" in text
    assert "start\n" in text
    assert text.endswith("\nend")
    assert "middle left out" in text


def test_many_long_failures_still_fit_into_the_budget():
    runs = [
        run(False, name=f"check {number}", output="x" * 50_000, command="y" * 50_000) for number in range(30)
    ]
    text = report(*runs).failure_text(budget_bytes=5_000)
    assert len(text.encode()) <= 5_000
    assert "check 29 failed" in text


def test_output_is_readable_whatever_a_check_prints():
    raw = b"\x1b[31mred\x1b[0m\x1b(B \x00\xff\x07 50%\r100%\r\n\x1b]0;title\x07done\n"
    assert readable(raw) == "red \ufffd 50%\n100%\ndone\n"


def test_output_shows_no_known_secret():
    redaction.register("a-secret-of-this-test")
    assert "a-secret" not in readable(b"token a-secret-of-this-test, ghp_" + b"a" * 36)


def test_binary_output_is_kept_within_the_limit():
    assert len(readable(b"\xff" * KEPT_BYTES).encode()) <= KEPT_BYTES
