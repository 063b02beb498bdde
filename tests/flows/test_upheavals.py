"""What owners do on GitHub while we work: repositories, branches and issues move, close or vanish."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from automation.demo import origin
from automation.demo.github import Fault
from automation.pipeline import advance
from automation.tend import tend
from issues import verbs
from issues.models import IssueSession
from issues.states import Status
from projects.models import AuditEvent, Credential, Project
from projects.workspace import folders
from tests.flows.conftest import FIX

pytestmark = [pytest.mark.django_db(transaction=True)]
BUSY = {"steps": [{"fail": {"status": 529}}]}


def next_day(tale):
    tale.change(issues_compared_at=timezone.now() - timedelta(days=1, minutes=1))
    tale.run()


# The repository


def test_a_renamed_repository_is_followed_to_the_same_id_and_published_to(plain):
    number = plain.issue()
    plain.agent(BUSY)
    plain.run()
    plain.hub.rename_repository("acme/calc", "acme/abacus")
    plain.agent({"steps": FIX})
    plain.repo = "acme/abacus"
    plain.later(rounds=2)
    assert (plain.session(number).status, plain.project_error()) == (Status.PR_CREATED, "")
    assert plain.project.github_repo == "acme/abacus"


def test_another_repository_under_the_old_name_is_refused_and_gets_nothing(plain):
    number = plain.issue()
    plain.agent(BUSY)
    plain.run()
    plain.hub.rename_repository("acme/calc", "acme/abacus")
    origin.fill(plain.hub.create_repository("acme/calc").bare)
    plain.later(rounds=2)
    assert plain.project_error() == "github.other_repository"
    assert plain.session(number).status == Status.IN_PROGRESS
    assert plain.footprint([]) == (["main"], 0, [])


def test_an_archived_repository_pauses_its_project_which_goes_on_by_itself(plain, neighbour):
    number = plain.issue()
    plain.hub.archive(plain.repo)
    plain.run(rounds=2)
    assert plain.project_error() == "github.archived"
    assert "archived on GitHub" in plain.project.error_message
    assert plain.project.retry_at - timezone.now() <= timedelta(minutes=5)
    assert (plain.session(number).status, plain.session(number).attempt_rows.count()) == ("pending", 0)
    plain.change(retry_at=None)
    tend(plain.project.pk)
    assert plain.project_error() == "github.archived", "also when it is not yet time to ask again"
    plain.hub.archive(plain.repo, archived=False)
    plain.run()
    assert (plain.session(number).status, plain.project_error()) == (Status.PR_CREATED, "")


def test_a_repository_archived_while_an_agent_works_gets_its_pull_request_afterwards(plain):
    number = plain.issue()
    tend(plain.project.pk)
    plain.hub.archive(plain.repo)
    advance(plain.session(number).pk)
    session = plain.session(number)
    assert (session.status, session.attempts) == (Status.VERIFYING, 0)
    plain.hub.archive(plain.repo, archived=False)
    plain.later()
    assert (plain.session(number).status, plain.session(number).attempt_rows.count()) == ("pr_created", 1)


def test_an_archived_repository_is_noticed_while_nothing_is_synced(plain):
    number = plain.issue()
    plain.agent(BUSY)
    plain.run()
    verbs.start(plain.session(number), actor="ann")
    plain.hub.archive(plain.repo)
    plain.change(automation_enabled=False, repository_seen_at=timezone.now() - timedelta(minutes=6))
    Project.objects.update(retry_at=None, sync_requested_at=None)
    tend(plain.project.pk)
    assert plain.project_error() == "github.archived"


def test_a_deleted_repository_or_one_made_private_is_told_and_comes_back(plain, token):
    number = plain.issue()
    repo = plain.hub.repository(plain.repo)
    plain.agent(BUSY)
    plain.run()
    repo.private, kept = True, repo.permissions.pop("autowrkers-bot")
    plain.later()
    assert plain.project_error() == "github.not_found"
    assert "that the token has access" in plain.project.error_message
    assert plain.session(number).status == Status.IN_PROGRESS, "nothing is called deleted that cannot be seen"
    repo.permissions["autowrkers-bot"] = kept
    plain.agent({"steps": FIX})
    plain.later(rounds=2)
    assert (plain.session(number).status, plain.project_error()) == (Status.PR_CREATED, "")


def test_a_token_revoked_while_an_agent_works_holds_back_the_push_alone(plain, token):
    number = plain.issue()
    tend(plain.project.pk)
    plain.agent({"steps": [{"run": "sleep 1"}, *FIX]})
    plain.hub.faults.append(Fault("revoke", path=r"/issues/\d+$"))
    advance(plain.session(number).pk)
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("verifying", "github.bad_token", 0)
    assert session.attempt_rows.get().head_sha
    plain.hub.grant(token, "autowrkers-bot")
    plain.later()
    assert (plain.session(number).status, plain.session(number).attempt_rows.count()) == ("pr_created", 1)


def test_all_that_happened_in_a_day_without_a_webhook_is_made_up_for_in_one_round(plain):
    plain.change(issue_filter={"labels": ["agent"]}, auto_start=False)
    merged, closed, unlabelled, deleted = (plain.issue(title, labels=["agent"]) for title in "abcd")
    plain.run()
    verbs.start(plain.session(merged), actor="ann")
    plain.run()
    plain.hub.merge(plain.repo, plain.session(merged).pr_number)
    plain.hub.close(plain.repo, closed)
    plain.hub.edit_issue(plain.repo, unlabelled, labels=[])
    plain.hub.delete_issue(plain.repo, deleted)
    new = plain.issue(labels=["agent"])
    plain.hub.rename_repository(plain.repo, "acme/abacus")
    next_day(plain)
    states = [
        (plain.session(each).status, plain.session(each).reason) for each in (closed, unlabelled, deleted)
    ]
    assert states == [("skipped", reason) for reason in ("issue_closed", "filtered", "issue_deleted")]
    assert [plain.session(each).status for each in (merged, new)] == ["completed", "pending"]
    assert (plain.project_error(), plain.project.github_repo) == ("", "acme/abacus")


# Its default branch


def test_a_renamed_default_branch_is_followed_with_an_audit_row_and_what_waited_for_it_is_woken(plain):
    plain.run()
    plain.hub.rename_branch(plain.repo, "main", "trunk")
    number = plain.issue()
    IssueSession.objects.update(queued_at=timezone.now())
    plain.change(repository_seen_at=timezone.now(), last_synced_at=timezone.now())
    Project.objects.update(auto_sync=False)
    plain.run()
    session = plain.session(number)
    assert session.status == Status.PR_CREATED
    assert plain.hub.pulls(plain.repo)[0].pull.base_ref == "trunk"
    plain.project.refresh_from_db()
    assert (plain.project.default_branch, plain.project.repository_branch) == ("trunk", "trunk")
    row = AuditEvent.objects.get(verb="project.default_branch_followed")
    assert (row.actor, row.detail) == ("github", {"old": "main", "new": "trunk"})


def test_a_session_that_was_parked_for_the_missing_branch_goes_on_at_once(plain):
    number = plain.issue()
    tend(plain.project.pk)
    plain.hub.rename_branch(plain.repo, "main", "trunk")
    advance(plain.session(number).pk)
    assert plain.session(number).reason == "git.no_default_branch"
    plain.run(rounds=2)
    assert plain.session(number).status == Status.PR_CREATED


def test_a_branch_that_was_chosen_on_purpose_and_is_gone_is_told_and_not_replaced(plain):
    plain.push("develop", {"OTHER": "x\n"})
    plain.change(default_branch="develop")
    plain.run()
    plain.hub.rename_branch(plain.repo, "main", "trunk")
    plain.hub.delete_branch(plain.repo, "develop")
    number = plain.issue()
    plain.run(rounds=2)
    session = plain.session(number)
    assert (session.reason, session.attempts) == ("git.no_default_branch", 0)
    assert "'develop'" in session.last_error
    assert Project.objects.get(pk=plain.project.pk).default_branch == "develop"


def test_a_new_default_branch_beside_the_old_one_changes_nothing(plain):
    plain.run()
    plain.push("next", {"OTHER": "x\n"})
    plain.hub.repository(plain.repo).default_branch = "next"
    plain.run()
    plain.project.refresh_from_db()
    assert (plain.project.default_branch, plain.project.repository_branch) == ("main", "next")


# Issues


@pytest.mark.parametrize("how", ["deleted", "transferred"])
def test_an_issue_that_is_lost_is_noticed_within_a_day_and_says_where_it_went(plain, how):
    plain.agent(BUSY)
    number, other = plain.issue(), plain.issue("another")
    plain.run()
    clone = folders.paths_of(plain.session(number).pk)
    assert clone
    if how == "deleted":
        plain.hub.delete_issue(plain.repo, number)
    else:
        plain.hub.create_repository("acme/tools")
        plain.hub.transfer_issue(plain.repo, number, "acme/tools")
    next_day(plain)
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("skipped", f"issue_{how}", 0)
    assert ("acme/tools#1" if how == "transferred" else "deleted") in session.last_error
    assert plain.session(other).status == Status.IN_PROGRESS
    plain.run()
    assert not folders.paths_of(session.pk)
    asked = len([seen for seen in plain.hub.requests if seen.query.get("state") == "open"])
    plain.run()
    assert len([seen for seen in plain.hub.requests if seen.query.get("state") == "open"]) == asked


@pytest.mark.parametrize("how", ["deleted", "transferred"])
def test_an_issue_lost_while_the_agent_works_gets_no_branch_and_is_skipped(plain, how):
    number = plain.issue()
    tend(plain.project.pk)
    if how == "deleted":
        plain.hub.delete_issue(plain.repo, number)
    else:
        plain.hub.create_repository("acme/tools")
        plain.hub.transfer_issue(plain.repo, number, "acme/tools")
    advance(plain.session(number).pk)
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("skipped", f"issue_{how}", 0)
    assert (plain.branches(), plain.hub.pulls(plain.repo)) == (["main"], [])


def test_a_comparison_that_the_hour_does_not_allow_is_put_off_without_a_word(plain, token):
    plain.agent(BUSY)
    number = plain.issue()
    plain.run()
    plain.hub.delete_issue(plain.repo, number)
    window = plain.hub._gate.window(token)
    window.used = 3000
    plain.run()
    next_day(plain)
    assert (plain.session(number).status, plain.project_error()) == (Status.IN_PROGRESS, "")
    Credential.objects.update(rate_remaining=4000)
    window.used = 100
    plain.run()
    assert plain.session(number).reason == "issue_deleted"


def test_issues_switched_off_for_a_while_skip_nothing(plain):
    plain.agent(BUSY)
    number = plain.issue()
    plain.run()
    gone = {"method": "GET", "status": 410, "body": '{"message": "Issues are disabled for this repo"}'}
    plain.hub.faults.append(Fault("answer", path=r"/issues(/\d+)?$", times=9, **gone))
    next_day(plain)
    assert plain.session(number).status == Status.IN_PROGRESS
    assert plain.project_error() == "github.gone"


def test_a_closing_that_no_sync_has_seen_is_noticed_within_a_day(plain):
    plain.agent(BUSY)
    number = plain.issue()
    plain.run()
    plain.hub.close(plain.repo, number)
    plain.change(sync_cursor=timezone.now() + timedelta(hours=1))
    next_day(plain)
    assert plain.session(number).reason == "issue_closed"


def test_labels_and_texts_edited_while_the_agent_works_do_not_disturb_it(plain):
    plain.change(issue_filter={"labels": ["agent"]})
    number = plain.issue(labels=["agent"])
    tend(plain.project.pk)
    plain.hub.edit_issue(plain.repo, number, labels=[], assignees=["bob"], body="Now something else.")
    advance(plain.session(number).pk)
    session = plain.session(number)
    assert (session.status, session.attempt_rows.count()) == (Status.PR_CREATED, 1)
    assert "See calc/averages.py" in session.attempt_rows.get().prompt
