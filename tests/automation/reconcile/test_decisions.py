"""Decisions over any snapshot: the same each time, never at odds, and none left once they were carried out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from automation.reconcile import decisions
from automation.reconcile.decisions import (
    NO_BRANCH,
    Agent,
    Folder,
    Hold,
    LostIssue,
    RemoteFacts,
    SessionFacts,
    Snapshot,
    decide,
)
from issues.states import ENDED, Status, may_move

BRANCHES = st.sampled_from(["main", "master", "trunk"])
MOVES = (decisions.CarryOut, decisions.Skip, decisions.Wake)
REMOVALS = (decisions.Clear, decisions.Sweep)
agents = st.builds(Agent, st.integers(1, 9), st.integers(2, 99), st.just("boot:1"), st.booleans())
folders = st.builds(
    lambda kind, fence: Folder(f"/{kind}/{fence}", kind, None if kind == "homes" else fence),
    st.sampled_from(["clones", "homes", "checks"]),
    st.integers(1, 5),
)
sessions = st.builds(
    SessionFacts,
    pk=st.integers(1, 20),
    number=st.integers(1, 5),
    status=st.sampled_from(list(Status)),
    round=st.integers(1, 3),
    fence=st.integers(0, 9),
    hold=st.sampled_from(Hold),
    reason=st.sampled_from(["", NO_BRANCH, "disk"]),
    is_parked=st.booleans(),
    awaits_worker=st.booleans(),
    has_pull_request=st.booleans(),
    requested_verb=st.sampled_from(["", "stop", "skip", "close"]),
    agents=st.lists(agents, max_size=2, unique_by=lambda agent: agent.attempt_pk).map(tuple),
    folders=st.lists(folders, max_size=4, unique=True).map(tuple),
    has_refs=st.booleans(),
)
lost = st.builds(LostIssue, st.integers(1, 5), st.just("issue_deleted"), st.just("It was deleted."))
remotes = st.builds(RemoteFacts, BRANCHES, st.booleans(), st.lists(lost, max_size=3).map(tuple))
snapshots = st.builds(
    Snapshot,
    default_branch=BRANCHES,
    known_branch=st.one_of(st.just(""), BRANCHES),
    is_archived=st.booleans(),
    sessions=st.lists(sessions, max_size=6, unique_by=lambda session: session.pk).map(tuple),
    remote=st.none() | remotes,
)


def carried_out(snapshot, decided):
    """The snapshot as it is when all of that has been done."""
    rows = {session.pk: session for session in snapshot.sessions}
    for decision in decided:
        if isinstance(decision, decisions.FollowBranch):
            snapshot = replace(snapshot, default_branch=decision.new, known_branch=decision.new)
        elif isinstance(decision, decisions.NoteBranch):
            snapshot = replace(snapshot, known_branch=decision.new)
        elif not isinstance(decision, decisions.Pause):
            rows[decision.session.pk] = one_done(rows[decision.session.pk], decision)
    return replace(snapshot, sessions=tuple(rows.values()))


def one_done(row, decision):
    match decision:
        case decisions.EndAgent(_, agent):
            left = replace(agent, is_alive=False)
            return replace(row, agents=tuple(left if each == agent else each for each in row.agents))
        case decisions.LoseAttempt(_, agent):
            return replace(row, agents=tuple(each for each in row.agents if each != agent))
        case decisions.CarryOut():
            return replace(row, requested_verb="", status=Status.SKIPPED)
        case decisions.Skip():
            return replace(row, status=Status.SKIPPED)
        case decisions.Wake():
            return replace(row, is_parked=False, awaits_worker=True)
        case decisions.Clear():
            return replace(row, folders=(), has_refs=False)
        case decisions.Sweep(_, stray):
            return replace(row, folders=tuple(each for each in row.folders if each not in stray))


def of_sessions(decided):
    return [decision for decision in decided if hasattr(decision, "session")]


@given(snapshots)
def test_the_same_snapshot_gives_the_same_decisions_in_whatever_order_its_sessions_come(snapshot):
    turned = replace(snapshot, sessions=snapshot.sessions[::-1])
    assert decide(snapshot) == decide(snapshot) == decide(turned)


@given(snapshots)
def test_what_was_carried_out_is_not_decided_again_and_it_all_comes_to_an_end(snapshot):
    for _ in range(4):
        decided = decide(snapshot)
        snapshot = carried_out(snapshot, decided)
    assert [each for each in decide(snapshot) if not isinstance(each, decisions.Pause)] == []


@given(snapshots)
def test_no_two_decisions_on_a_session_are_at_odds(snapshot):
    decided = of_sessions(decide(snapshot))
    moved = Counter(each.session.pk for each in decided if isinstance(each, MOVES))
    assert all(count == 1 for count in moved.values())
    removed = {each.session.pk for each in decided if isinstance(each, REMOVALS)}
    lost = {each.session.pk for each in decided if isinstance(each, decisions.CarryOut | decisions.Skip)}
    ended = {each.session.pk for each in decided if isinstance(each, decisions.EndAgent)}
    assert not removed & (lost | ended), "its folders are looked at again once it has moved and nothing runs"


@given(snapshots)
def test_a_session_that_somebody_holds_is_left_alone(snapshot):
    assert not [each for each in of_sessions(decide(snapshot)) if each.session.hold is Hold.LIVE]


@given(snapshots)
def test_a_skip_is_a_move_that_the_table_allows_and_never_takes_a_pull_request_away(snapshot):
    for decision in decide(snapshot):
        if isinstance(decision, decisions.Skip):
            assert may_move(decision.session.status, Status.SKIPPED)
            assert not decision.session.has_pull_request


@given(snapshots)
def test_the_newest_clone_of_a_session_that_may_go_on_is_kept(snapshot):
    for decision in of_sessions(decide(snapshot)):
        if isinstance(decision, decisions.Sweep):
            assert decision.session.hold is Hold.FREE
            assert decision.session.status not in ENDED
            fences = [folder.fence for folder in decision.session.folders if folder.kind == "clones"]
            assert max(fences, default=0) not in [f.fence for f in decision.folders if f.kind == "clones"]


@given(snapshots)
def test_without_an_answer_from_github_no_session_is_skipped_and_no_branch_is_changed(snapshot):
    far = (decisions.Skip, decisions.FollowBranch, decisions.NoteBranch, decisions.Wake)
    assert not [each for each in decide(replace(snapshot, remote=None)) if isinstance(each, far)]


def test_a_branch_chosen_on_purpose_is_never_replaced():
    remote = RemoteFacts("master", branch_is_there=False)
    assert decide(Snapshot("develop", "main", remote=remote)) == [decisions.NoteBranch("master")]
    assert decide(Snapshot("main", "main", remote=remote)) == [decisions.FollowBranch("main", "master")]
    there = RemoteFacts("master", branch_is_there=True)
    assert decide(Snapshot("main", "main", remote=there)) == [decisions.NoteBranch("master")]
