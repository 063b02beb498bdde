"""Repositories and tokens that are not as they should be: a clear reason, nothing overwritten, and a way on."""

from __future__ import annotations

import pytest
from django.utils import timezone

from automation import alerts
from automation.demo.github import Fault
from automation.models import Alert
from automation.pipeline import advance
from automation.tend import tend
from automation.tick import tick
from issues import verbs
from issues.models import IssueSession
from issues.states import Status
from projects.models import Credential, Project
from tests.flows.conftest import FIX

pytestmark = pytest.mark.django_db(transaction=True)


def api_calls(tale):
    return len([seen for seen in tale.hub.requests if seen.kind == "api" and tale.repo in seen.path])


def test_a_revoked_token_is_the_projects_trouble_and_heals_by_itself(plain, neighbour, token):
    number = plain.issue()
    tend(plain.project.pk)
    plain.hub.revoke(token)
    advance(plain.session(number).pk)
    plain.run()
    assert plain.project_error() == "github.bad_token"
    assert "Store a valid token" in plain.project.error_message
    assert plain.project.credential.error_code == "github.bad_token"
    session = plain.session(number)
    assert (session.status, session.attempts) == (Status.IN_PROGRESS, 0)
    assert session.not_before > timezone.now()
    assert "token" in session.last_error
    plain.hub.grant(token, "autowrkers-bot")
    plain.later()
    session = plain.session(number)
    assert (session.status, session.attempts, plain.project_error()) == (Status.PR_CREATED, 0, "")
    assert Credential.objects.get(pk=plain.project.credential_id).error_code == ""


def told():
    alerts.look()
    opened = Alert.objects.filter(kind=Alert.Kind.CREDENTIAL, ended_at=None)
    return list(opened.values_list("subject", flat=True))


def test_a_refused_token_that_github_token_names_is_told_until_it_is_taken(plain, token, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", token)
    plain.change(credential=None)
    plain.hub.revoke(token)
    plain.run()
    named = Credential.objects.get(variable="GITHUB_TOKEN")
    assert (plain.project_error(), told()) == ("github.bad_token", [f"credential {named.pk}"])
    plain.hub.grant(token, "autowrkers-bot")
    plain.later()
    assert (plain.project_error(), told()) == ("", [])


@pytest.mark.parametrize("path", [r"/issues$", r"/pulls$"], ids=["to_read", "to_publish"])
def test_a_permission_that_is_taken_is_told_holds_the_session_and_heals_by_itself(plain, path):
    number = plain.issue()
    words = '{"message": "Resource not accessible by personal access token"}'
    fault = Fault("answer", path=path, status=403, body=words, times=1000)
    if path == r"/issues$":
        plain.run()
        assert plain.session(number).status == Status.PR_CREATED
    plain.hub.faults.append(fault)
    plain.run()
    plain.later()
    assert told() == [f"project {plain.project.pk}"]
    session = plain.session(number)
    assert session.attempts == 0
    plain.hub.faults.remove(fault)
    plain.later()
    assert (plain.session(number).status, plain.project_error(), told()) == (Status.PR_CREATED, "", [])


@pytest.mark.parametrize("wrong", ["ghp_wrong" + "0" * 31, "not a token\n"])
def test_a_wrong_token_is_told_and_the_right_one_is_used_at_once(plain, neighbour, wrong):
    right = plain.project.credential
    plain.change(
        credential=Credential.objects.for_secret(kind=right.kind, api_url=right.api_url, secret=wrong)
    )
    number = plain.issue()
    plain.run()
    assert plain.project_error() == "github.bad_token"
    assert plain.project.credential.error_code == "github.bad_token"
    assert wrong.strip() not in plain.project.error_message
    plain.change(credential=right)
    plain.run()
    assert (plain.session(number).status, plain.project_error()) == (Status.PR_CREATED, "")


def test_a_refused_token_is_not_tried_at_every_tick(plain, token, settings):
    plain.hub.revoke(token)
    plain.run()
    asked = api_calls(plain)
    assert tick() == 0
    Project.objects.update(retry_at=timezone.now())
    assert tick() == 1
    assert api_calls(plain) == asked


def test_work_that_needs_no_github_does_not_call_a_refused_token_good(plain, token):
    number = plain.issue()
    plain.run()
    plain.hub.revoke(token)
    plain.run()
    plain.change(verification_command="no-such-tool")
    IssueSession.objects.update(status="verifying", step="verify", queued_at=timezone.now())
    advance(plain.session(number).pk)
    assert plain.session(number).reason == "missing_tool"
    assert Credential.objects.get(pk=plain.project.credential_id).error_code == "github.bad_token"


def test_a_repository_that_is_gone(plain, neighbour):
    plain.change(github_repo="acme/nowhere")
    plain.run()
    assert plain.project_error() == "github.not_found"
    assert "Check the repository's name" in plain.project.error_message
    plain.change(github_repo="acme/calc")
    number = plain.issue()
    plain.run()
    assert (plain.session(number).status, plain.project_error()) == (Status.PR_CREATED, "")


def test_a_repository_without_the_default_branch(plain, neighbour):
    plain.change(default_branch="trunk")
    assert_parked_then_done(
        plain,
        reason="git.no_default_branch",
        words="Correct the project's default branch",
        remedy=lambda: plain.change(default_branch="main"),
    )


def test_an_empty_repository(plain, neighbour):
    plain.hub.create_repository("acme/empty")
    plain.change(github_repo="acme/empty")
    plain.repo = "acme/empty"
    assert_parked_then_done(
        plain,
        reason="git.empty_repository",
        words="Push a first commit",
        remedy=lambda: plain.push("main", {"README": "Hello\n"}),
    )


def test_an_emoji_as_default_branch(plain):
    plain.push("🚀/main", {"OTHER": "x\n"})
    plain.change(default_branch="🚀/main")
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.last_error) == (Status.PR_CREATED, "")
    assert plain.hub.pulls(plain.repo)[0].pull.base_ref == "🚀/main"
    plain.hub.merge(plain.repo, session.pr_number)
    plain.run()
    assert plain.session(number).status == Status.COMPLETED


def test_a_push_that_a_rule_refuses_is_held_and_not_repeated(plain, neighbour):
    plain.hub.protect(plain.repo, "^feature/", "Only releases here.")
    number = plain.issue()
    plain.run()
    session = plain.session(number)
    assert (session.status, session.reason, session.attempts) == ("needs_review", "push_rejected", 0)
    assert "Only releases here." in session.last_error
    assert "Follow its message" in session.last_error
    pushes = [seen for seen in plain.hub.requests if seen.path.endswith("calc.git/git-receive-pack")]
    plain.later(rounds=3)
    assert [seen for seen in plain.hub.requests if seen.path.endswith("calc.git/git-receive-pack")] == pushes
    plain.hub.protect(plain.repo, "^nothing$")
    verbs.start(plain.session(number), actor="ann")
    plain.run()
    session = plain.session(number)
    assert (session.status, session.attempt_rows.count()) == (Status.PR_CREATED, 1)


def test_a_branch_of_our_name_that_a_person_made_is_left_alone(plain):
    number = plain.issue()
    theirs = plain.push(f"feature/issue-{number}", {"THEIRS": "x\n"})
    plain.run()
    session = plain.session(number)
    assert (session.status, session.branch_name) == (Status.PR_CREATED, f"feature/issue-{number}-2")
    assert plain.hub.repository(plain.repo).bare.resolve(f"feature/issue-{number}") == theirs


@pytest.mark.parametrize("when", ["before our first push", "after a round of ours"])
def test_what_a_person_pushed_to_our_branch_meanwhile_is_never_overwritten(plain, when):
    number = plain.issue()
    branch = f"feature/issue-{number}"
    if when == "after a round of ours":
        plain.run()
        plain.hub.close(plain.repo, plain.session(number).pr_number)
        plain.run()
        verbs.retry(plain.session(number), actor="ann")
    else:
        plain.agent({"steps": [{"fail": {"status": 529}}]})
        plain.run()
        plain.agent({"steps": FIX})
    theirs = plain.push(branch, {"THEIRS": "x\n"})
    plain.later(rounds=3)
    session = plain.session(number)
    assert (session.status, session.reason) == ("needs_review", "branch_taken_over")
    assert "never overwritten" in session.last_error
    assert plain.hub.repository(plain.repo).bare.resolve(branch) == theirs


def assert_parked_then_done(tale, *, reason, words, remedy):
    number = tale.issue()
    tale.run()
    session = tale.session(number)
    assert (session.status, session.reason, session.attempts) == (Status.IN_PROGRESS, reason, 0)
    assert words in session.last_error
    assert session.not_before > timezone.now()
    tale.run()
    assert tale.reasons(number).count(reason) == 1
    remedy()
    tale.later()
    assert (tale.session(number).status, tale.session(number).attempts) == (Status.PR_CREATED, 0)
