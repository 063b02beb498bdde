"""A commit of a real mirror, verified in the real sandbox."""

from __future__ import annotations

import threading
import time

import pytest

from issues.models import IssueSession
from projects import leases
from projects.errors import Cancelled, OperatorError
from projects.workspace import checkouts, folders
from projects.workspace.processes import Stop
from projects.workspace.sandbox import detect
from tests.sandboxes import require_sandbox
from tests.verification.conftest import BRANCH, commit, leftovers, prepared, stored, verify
from verification.verify import run_setup

pytestmark = pytest.mark.django_db


def test_a_good_commit_passes_and_everything_about_it_is_stored(mirror):
    session, lease = prepared(mirror, lint_command="echo tidy", test_command="python3 -m tests.test_app")
    head = commit(mirror, {"app.py": "x = 1  # better\n"}, branch=BRANCH)
    report = verify(session, mirror, head, lease=lease)
    assert (report.passed, report.fault, report.manual_review) == (True, "", "")
    assert stored(session, "check_type", "name", "command", "passed", "exit_status", "output")[0] == (
        ("lint", "Lint", "echo tidy", True, 0, "tidy\n")
    )
    attempt = session.attempt_rows.get()
    assert stored(session, "check_type", "passed", "attempt", "head_sha", "fault") == [
        (kind, True, attempt.pk, head, "") for kind in ("lint", "test", "smoke")
    ]
    session.refresh_from_db()
    assert session.head_sha == head


def test_all_checks_run_and_are_stored_after_one_has_failed(mirror):
    session, lease = prepared(
        mirror,
        lint_command="exit 1",
        type_check_command="kill -KILL $$",
        test_command="no-such-tool",
        custom_checks=[{"name": "long " * 30, "command": "echo last"}],
    )
    report = verify(session, mirror, commit(mirror, {"app.py": "x = (\n"}, branch=BRANCH), lease=lease)
    assert stored(session, "check_type", "passed", "exit_status", "fault") == [
        ("lint", False, 1, ""),
        ("type_check", False, 137, ""),
        ("test", False, 127, "missing_tool"),
        ("smoke", False, 1, ""),
        ("custom", True, 0, ""),
    ]
    assert len(stored(session, "name")[-1][0]) == 100
    assert "'Test'" in report.fault
    assert "SyntaxError" in report.failure_text()


def test_setup_runs_first_and_what_it_made_is_there_for_the_checks(mirror):
    session, lease = prepared(
        mirror,
        setup_command="echo made > made.tmp; mkdir -p ~/tools; echo kept > ~/tools/note",
        test_command="cat made.tmp ~/tools/note",
    )
    report = verify(session, mirror, mirror.branch_sha("main"), lease=lease)
    assert report.passed
    assert stored(session, "check_type", "output")[:2] == [("setup", ""), ("test", "made\nkept\n")]


@pytest.mark.parametrize("command", ["echo no network; exit 4", "no-such-installer", "sleep 60"])
def test_after_a_failed_setup_nothing_runs_and_the_environment_is_to_blame(mirror, command):
    session, lease = prepared(mirror, setup_command=command, test_command="true")
    session.project.check_max_minutes = 1 / 60
    report = verify(session, mirror, mirror.branch_sha("main"), lease=lease)
    assert stored(session, "check_type", "passed", "fault") == [("setup", False, "setup")]
    assert not report.passed
    assert "setup command failed" in report.fault


def test_the_projects_time_limit_fails_a_check(mirror):
    session, lease = prepared(mirror, test_command="sleep 60")
    session.project.check_max_minutes = 1 / 60
    report = verify(session, mirror, mirror.branch_sha("main"), lease=lease)
    assert (report.passed, report.fault) == (False, "")
    assert "time limit" in report.failure_text()
    assert report.runs[0].duration_ms < 20_000


def test_nothing_configured_passes_as_unchecked_and_asks_for_a_person(mirror):
    session, lease = prepared(mirror)
    report = verify(session, mirror, commit(mirror, {"logo.svg": "<svg/>"}, branch=BRANCH), lease=lease)
    assert report.passed
    assert report.manual_review
    assert stored(session, "check_type", "passed", "exit_status") == [("smoke", None, None)]


def test_a_program_that_the_commit_itself_removed_counts_against_it(mirror):
    session, lease = prepared(mirror, verification_command="./tests/test_app.py")
    head = commit(mirror, {"tests/test_app.py": None}, branch=BRANCH)
    report = verify(session, mirror, head, lease=lease)
    assert (report.passed, report.fault) == (False, "")
    assert ("test", False, 127, "") in stored(session, "check_type", "passed", "exit_status", "fault")


def test_a_lost_lease_stores_nothing_more(mirror):
    session, lease = prepared(mirror, lint_command="true")
    leases.release(lease)
    assert leases.claim(IssueSession, session.pk)
    with pytest.raises(Cancelled) as caught:
        verify(session, mirror, mirror.branch_sha("main"), lease=lease)
    assert caught.value.code == "session.lease_lost"
    assert stored(session, "id") == []
    assert leftovers() == []


def test_a_stop_keeps_what_has_run_and_leaves_no_folder(mirror):
    session, lease = prepared(mirror, lint_command="true", test_command="touch begun; sleep 60")
    begun = folders.check_path(session.pk, lease.fence) / "tree" / "begun"
    stop = Stop()
    threading.Thread(target=request_when_there, args=(stop, begun), daemon=True).start()
    with pytest.raises(Cancelled):
        verify(session, mirror, mirror.branch_sha("main"), lease=lease, stop=stop)
    assert stored(session, "check_type") == [("lint",)]
    assert leftovers() == []


def test_without_a_lease_the_results_are_stored_all_the_same(mirror):
    session, _ = prepared(mirror, lint_command="true")
    assert verify(session, mirror, mirror.branch_sha("main")).passed
    assert len(stored(session, "id")) == 2


def test_only_what_is_committed_is_verified(mirror):
    session, lease = prepared(
        mirror, test_command="ls; cat ~/note; grep -q 'x = 1' app.py && ! test -e fix.tmp"
    )
    sandbox, clone = detect("auto"), folders.clone_path(session.pk, lease.fence)
    base = mirror.branch_sha("main")
    checkouts.make_clone(mirror, clone, branch=BRANCH, start_sha=base)
    (clone / "app.py").write_text("x = 2\n")
    (clone / "fix.tmp").write_text("ignored")
    (clone / "extra.py").write_text("uncommitted")
    home = folders.home_path(session.pk)
    home.mkdir(parents=True)
    (home / "note").write_text("of the agent")
    head = mirror.import_head(clone, session_id=session.pk, base_sha=base, sandbox=sandbox)
    assert verify(session, mirror, head, lease=lease).passed
    (output,) = session.verification_results.filter(check_type="test").values_list("output", flat=True)
    assert "extra" not in output
    assert "of the agent" not in output


def test_a_check_can_ask_git_but_cannot_write_to_the_mirror(mirror):
    require_sandbox("bubblewrap")
    before = {path: path.stat().st_mtime_ns for path in mirror.path.rglob("*")}
    tries = (
        f"git log --oneline; git commit -q --allow-empty -m own; rm -rf {mirror.path}; touch {mirror.path}/objects/x;"
        f"git push -q {mirror.path} HEAD:main; echo over"
    )
    session, lease = prepared(mirror, lint_command=tries)
    assert verify(session, mirror, mirror.branch_sha("main"), lease=lease).passed
    (output,) = session.verification_results.filter(check_type="lint").values_list("output", flat=True)
    assert "Work" in output.splitlines()[0]
    assert output.endswith("over\n")
    assert {path: path.stat().st_mtime_ns for path in mirror.path.rglob("*")} == before
    assert leftovers() == []


def test_the_setup_of_an_agents_clone_stays_in_it(mirror):
    session, lease = prepared(mirror, setup_command="env; echo made > made.tmp; echo kept > ~/kept")
    clone = folders.clone_path(session.pk, lease.fence)
    checkouts.make_clone(mirror, clone, branch=BRANCH, start_sha=mirror.branch_sha("main"))
    for _ in range(2):
        assert run_setup(session, mirror, clone=clone, sandbox=detect("auto"), stop=None) == ""
    assert (clone / "made.tmp").read_text() == "made\n"
    assert (folders.home_path(session.pk) / "kept").read_text() == "kept\n"


def test_a_failed_setup_of_an_agents_clone_is_told_with_its_output(mirror, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "canary-in-the-environment")
    session, lease = prepared(mirror, setup_command="env; echo no such package; exit 3")
    clone = folders.clone_path(session.pk, lease.fence)
    checkouts.make_clone(mirror, clone, branch=BRANCH, start_sha=mirror.branch_sha("main"))
    told = run_setup(session, mirror, clone=clone, sandbox=detect("auto"), stop=None)
    assert told.startswith("The setup command failed")
    assert told.endswith("no such package")
    assert "canary" not in told


def test_the_setup_of_a_clone_that_is_gone_is_not_blamed_on_its_command(mirror):
    require_sandbox("bubblewrap")
    session, _ = prepared(mirror, setup_command="true")
    gone = folders.clone_path(session.pk, 99)
    with pytest.raises(OperatorError, match="Can't find source path"):
        run_setup(session, mirror, clone=gone, sandbox=detect("auto"), stop=None)


def test_a_project_without_setup_needs_none(mirror):
    session, lease = prepared(mirror)
    clone = folders.clone_path(session.pk, lease.fence)
    assert run_setup(session, mirror, clone=clone, sandbox=detect("auto"), stop=None) == ""


def request_when_there(stop, path):
    while not path.exists():
        time.sleep(0.05)
    stop.request("requested")
