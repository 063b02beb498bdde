"""Issues and pull requests with lives of their own: closed, locked, odd texts, merged by others or elsewhere."""

from __future__ import annotations

import pytest

from automation.demo.github import Fault
from automation.markers import find_marker
from automation.pipeline import advance
from automation.tend import tend
from issues import verbs
from issues.models import IssueSession
from issues.prompts import PROMPT_BYTES
from issues.states import Status
from projects.github.client import GitHubClient
from projects.workspace.mirror import Mirror

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("tried", [False, True], ids=["nothing sent yet", "a pull request was tried"])
def test_an_issue_closed_before_its_pull_request_is_skipped(plain, tried):
    if tried:
        plain.hub.faults.append(Fault("answer", path=r"/pulls$", method="POST", status=500, body="{}"))
    else:
        plain.hub.faults.append(Fault("answer", path=r"/issues/\d+$", status=500, body="{}", times=2))
    number = plain.issue()
    plain.run()
    assert plain.session(number).status == Status.VERIFYING
    plain.hub.close(plain.repo, number)
    IssueSession.objects.update(not_before=None)
    advance(plain.session(number).pk)
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("skipped", "issue_closed", 0)
    assert (len(plain.hub.pulls(plain.repo)), plain.comments(number)) == (0, [])
    plain.hub.reopen(plain.repo, number)
    plain.later()
    assert plain.session(number).status == Status.PR_CREATED
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [1])


@pytest.mark.parametrize("branch", ["kept", "deleted"])
def test_a_pull_request_merged_before_its_comment_is_written_decides_and_not_the_issue_that_it_closed(
    plain, branch
):
    plain.hub.faults.append(Fault("answer", path=r"/comments$", method="POST", status=502, body="{}"))
    number = plain.issue()
    plain.run()
    assert plain.session(number).status == Status.VERIFYING
    plain.hub.merge(plain.repo, plain.hub.pulls(plain.repo)[0].number)
    if branch == "deleted":
        plain.hub.repository(plain.repo).bare.git("update-ref", "-d", f"refs/heads/feature/issue-{number}")
    plain.run()
    plain.later(rounds=2)
    session = plain.session(number)
    assert (session.status, session.reason, len(plain.comments(number))) == (Status.COMPLETED, "merged", 1)


def test_a_session_skipped_with_an_open_pull_request_goes_on_with_it(plain):
    number = plain.issue()
    plain.run()
    first = plain.session(number).pr_number
    verbs.skip(plain.session(number), actor="ann")
    plain.run()
    verbs.start(plain.session(number), actor="ann")
    plain.run()
    session = plain.session(number)
    assert (session.status, session.pr_number, session.round) == (Status.PR_CREATED, first, 2)
    assert plain.footprint([number])[:2] == ([f"feature/issue-{number}", "main"], 1)
    pr = plain.hub.issue(plain.repo, plain.session(number).pr_number)
    assert find_marker(pr.body).round == 2, "its text tells of the round that is shown"


def test_an_issue_closed_while_the_agent_works_is_skipped_by_the_publish_step(plain):
    number = plain.issue()
    tend(plain.project.pk)
    plain.hub.close(plain.repo, number)
    advance(plain.session(number).pk)
    session = plain.session(number)
    assert (session.status, session.reason) == ("skipped", "issue_closed")
    assert "closed before its pull request" in session.last_error
    assert plain.footprint([number]) == (["main"], 0, [0])


@pytest.mark.parametrize(
    ("how", "status", "pulls"),
    [
        ("closed", "skipped", 0),
        ("deleted", "verifying", 0),
        ("transferred", "verifying", 0),
        ("locked", "pr_created", 1),
    ],
)
def test_what_becomes_of_an_issue_during_the_push_is_seen_before_the_pull_request(
    plain, monkeypatch, how, status, pulls
):
    number, push = plain.issue(), Mirror.push

    def push_meanwhile(*args, **values):
        push(*args, **values)
        lose(plain, number, how)

    monkeypatch.setattr(Mirror, "push", push_meanwhile)
    plain.run()
    session = plain.session(number)
    assert (session.status, len(plain.hub.pulls(plain.repo))) == (status, pulls)
    assert session.reason == {"closed": "issue_closed", "locked": "published"}.get(how, session.reason)
    written = session.effects.filter(kind="comment_pr").values_list("outcome", flat=True)
    assert list(written) == [{"not_written": "The issue is locked."}] * pulls


@pytest.mark.parametrize("how", ["deleted", "transferred", "locked", "closed"])
def test_what_becomes_of_an_issue_after_its_pull_request_was_opened_is_seen_before_the_comment(
    plain, monkeypatch, how
):
    number, create_pr = plain.issue(), GitHubClient.create_pr

    def create_meanwhile(*args, **values):
        opened = create_pr(*args, **values)
        lose(plain, number, how)
        return opened

    monkeypatch.setattr(GitHubClient, "create_pr", create_meanwhile)
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason) == (Status.PR_CREATED, "published")
    outcome = session.effects.get(kind="comment_pr").outcome
    assert ("not_written" in outcome) == (how != "closed")


def test_a_locked_issue_gets_its_pull_request_and_no_comment_and_the_journal_says_why(plain):
    number = plain.issue()
    plain.hub.edit_issue(plain.repo, number, locked=True)
    plain.run()
    assert plain.session(number).status == Status.PR_CREATED
    assert plain.footprint([number]) == ([f"feature/issue-{number}", "main"], 1, [0])
    effect = plain.session(number).effects.get(kind="comment_pr")
    assert effect.outcome == {"not_written": "The issue is locked."}


@pytest.mark.parametrize(
    "body",
    ["", " \n\t", "\0\x01\x02\x1b[31m\ufffe\u202e" + "".join(map(chr, range(0x80, 0x120))), "x" * 2**20],
    ids=["empty", "blank", "binary", "1 MB"],
)
def test_any_body_goes_all_the_way_through_the_prompt(plain, body):
    number = plain.issue("median \u202eis wrong\0", body)
    plain.run()
    if len(body) == 2**20:
        session = plain.session(number)
        assert (session.status, session.reason, session.attempts) == ("needs_review", "complex", 0)
        assert "Start it" in session.last_error
        verbs.start(session, actor="ann")
        plain.run()
    session = plain.session(number)
    assert (session.status, session.last_error) == (Status.PR_CREATED, "")
    prompt = session.attempt_rows.get().prompt
    assert f"issue #{number}" in prompt
    assert len(prompt.encode()) <= PROMPT_BYTES
    assert not set(prompt) & set("\0\x01\x1b\u202e")


def test_commits_of_others_on_the_merged_branch_are_told(plain):
    number = plain.issue()
    plain.run()
    plain.push(f"feature/issue-{number}", {"MORE": "x\n"})
    plain.hub.merge(plain.repo, plain.session(number).pr_number, by="bob")
    plain.run()
    session = plain.session(number)
    assert (session.status, session.foreign_commits, session.merged_by) == (Status.COMPLETED, True, "bob")


CLOSE = {"method": "PATCH", "path": r"/issues/\d+$"}


@pytest.mark.parametrize(
    "fault", [None, Fault("answer", status=502, body="{}", **CLOSE), Fault("drop_after", **CLOSE)]
)
def test_after_a_merge_into_another_branch_we_close_the_issue_once(plain, fault):
    plain.push("develop", {"OTHER": "x\n"})
    plain.change(default_branch="develop")
    number = plain.issue()
    plain.run()
    plain.hub.merge(plain.repo, plain.session(number).pr_number)
    assert plain.hub.issue(plain.repo, number).state == "open"
    plain.hub.faults += [fault] if fault else []
    plain.run()
    assert plain.session(number).status == Status.COMPLETED
    plain.later(rounds=2)
    assert plain.hub.issue(plain.repo, number).state == "closed"
    plain.hub.reopen(plain.repo, number)
    plain.run(rounds=2)
    assert plain.hub.issue(plain.repo, number).state == "open"
    assert plain.session(number).status == Status.COMPLETED


def test_one_unreadable_pull_request_keeps_no_other_waiting(plain, neighbour):
    first, second = plain.issue(), plain.issue("another median")
    plain.run()
    lost = plain.session(first).pr_number
    plain.hub.faults.append(Fault("answer", path=rf"/pulls/{lost}$", status=404, body="{}"))
    plain.hub.merge(plain.repo, plain.session(second).pr_number)
    plain.run()
    assert plain.session(second).status == Status.COMPLETED
    assert (plain.session(first).status, plain.project_error()) == (Status.PR_CREATED, "")
    assert "Check the repository's name" in plain.session(first).last_error
    plain.run()
    assert plain.session(first).last_error == ""


def lose(tale, number, how):
    if how == "deleted":
        tale.hub.delete_issue(tale.repo, number)
    elif how == "transferred":
        tale.hub.create_repository("acme/elsewhere")
        tale.hub.transfer_issue(tale.repo, number, "acme/elsewhere")
    elif how == "locked":
        tale.hub.edit_issue(tale.repo, number, locked=True)
    else:
        tale.hub.close(tale.repo, number)


@pytest.mark.parametrize("how", ["deleted", "transferred", "locked", "closed"])
def test_what_becomes_of_an_issue_between_its_pull_request_and_its_comment_leaves_the_pull_request_to_decide(
    plain, how
):
    plain.hub.faults.append(Fault("answer", path=r"/comments$", method="POST", status=502, body="{}"))
    number = plain.issue()
    plain.run()
    assert (plain.session(number).status, len(plain.hub.pulls(plain.repo))) == (Status.VERIFYING, 1)
    lose(plain, number, how)
    plain.later(rounds=2)
    session = plain.session(number)
    assert (session.status, session.attempts) == (Status.PR_CREATED, 0), session.last_error
    plain.hub.merge(plain.repo, session.pr_number)
    plain.run(rounds=2)
    assert plain.session(number).status == Status.COMPLETED
