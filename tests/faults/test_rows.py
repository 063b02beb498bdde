"""Faults of the matrix, each as one exact schedule: what the oracle judges, and what this row promises besides."""

from __future__ import annotations

import pytest

from tests.faults.boundaries import Blow
from tests.faults.people import BOT, REPO
from tests.faults.post import Letter
from tests.faults.runner import play
from tests.faults.schedule import CLOSING, Act, Full, Schedule, Task
from tests.faults.wire import Trouble

RECOVERY_SECONDS = 75.0
PULLS, COMMENTS = r"POST .*/pulls$", r"POST .*/comments$"
CLAIM = "claim issues_issuesession"


def good(world, schedule):
    result = play(world, schedule)
    assert result.verdict.is_good, (result.verdict, result.log)
    assert max(result.recoveries, default=0) <= RECOVERY_SECONDS
    return result


def told(result, words):
    return sum(words in line for line in result.log)


def test_killed_again_and_again_around_the_agent_it_starts_once_more_each_time_and_costs_no_attempt(world):
    moments = (f"before {CLAIM}", f"after {CLAIM}", "before agent", "during agent", "after agent")
    result = good(world, Schedule(1, blows=[Blow("kill", 1, label=label) for label in moments]))
    assert told(result, "kill sessions") == len(moments)
    quick = [seconds for seconds in result.recoveries if seconds < 30]
    assert len(quick) == len(moments) - 1, "their host saw that they were gone; one had only its message"
    (session,) = world.sessions()
    assert session.attempts == 0
    assert {row.outcome for row in session.attempt_rows.all()} == {"worker_lost", "done"}


def test_killed_before_and_after_the_push_the_same_commit_is_there_and_no_second_one(world):
    blows = [Blow("kill_far", 1, label=f"{when} git push") for when in ("before", "after")]
    result = good(world, Schedule(1, blows=blows))
    assert told(result, "kill_far sessions") == 2
    assert len(result.recoveries) == 2
    assert min(result.recoveries) > 30, "a lease had to run out"
    ((_, branch, sha),) = world.programs.pushes
    assert (branch, sha) == ("feature/issue-1", world.sessions()[0].head_sha)
    assert len(world.programs.runs) == 1


def test_killed_before_and_after_request_and_comment_both_are_there_once(world):
    moments = [f"{when} {what}" for what in (PULLS, COMMENTS) for when in ("before", "after")]
    result = good(world, Schedule(1, blows=[Blow("kill", 1, label=label) for label in moments]))
    assert told(result, "kill sessions") == len(moments)
    posts = [sent.path.rpartition("/")[2] for sent in world.wire.sent if sent.method == "POST"]
    assert sorted(posts) == ["comments", "labels", "pulls"], "nothing was sent twice"


def test_killed_while_a_change_is_on_its_way_nobody_looks_before_it_must_have_arrived(world):
    blows = [Blow("kill", 1, label=f"sent {what}") for what in (PULLS, COMMENTS)]
    result = good(world, Schedule(1, blows=blows))
    assert told(result, "kill sessions") == 2
    assert max(result.recoveries) < 30, "another one comes at once, and waits"
    assert len(world.hub.pulls(REPO)) == 1
    assert len([each for each in world.hub.comments(REPO, 1) if each.author == BOT]) == 1


def test_when_every_process_is_killed_at_once_all_goes_on_after_the_restart(world):
    blows = [Blow("kill_all", 1, label=label) for label in ("during agent", f"after {PULLS}")]
    result = good(world, Schedule(1, blows=blows))
    assert told(result, "kill_all") == 2
    assert len(world.hub.pulls(REPO)) == 1


@pytest.mark.parametrize("since", [8.0, 31.0])
def test_a_minute_without_a_database_leaves_no_half_of_anything(world, since):
    schedule = Schedule(1, outages=[(since, since + 60)], agent_seconds=(20, 20))
    result = good(world, schedule)
    assert told(result, "the database is away until") == 1
    assert len(world.hub.pulls(REPO)) == 1
    assert world.sessions()[0].attempts == 0


@pytest.mark.parametrize("limit", ["primary", "secondary", "unsaid"])
def test_within_a_limit_nothing_is_sent_by_any_worker_and_the_session_waits(world, limit):
    good(world, Schedule(1, troubles=[Trouble(limit, PULLS, seconds=90)]))
    assert world.wire.forbidden, "the oracle has judged what was sent within it"
    assert "github.rate_limited" in world.sessions()[0].events.values_list("reason", flat=True)
    assert world.sessions()[0].attempts == 0


def test_a_limit_that_only_a_sleeping_worker_was_told_of_binds_all_once_it_is_written_down(world):
    blow = Blow("pause", 1, label=f"after {PULLS}", seconds=100)
    result = good(world, Schedule(1, troubles=[Trouble("secondary", PULLS, seconds=300)], blows=[blow]))
    assert told(result, "pause sessions") == 1
    (told_first, *others) = world.wire.forbidden
    assert others, "another worker was refused meanwhile, and told the rest"
    assert told_first.known_to is None
    assert world.sessions()[0].attempts == 0


def test_a_worker_that_slept_for_ten_minutes_does_nothing_when_it_wakes(world):
    moments = (r"after GET .*/comments$", "before git push")
    blows = [Blow("pause", 1, label=label, seconds=600) for label in moments]
    result = good(world, Schedule(1, blows=blows))
    assert told(result, "pause sessions") == 2
    posts = [sent for sent in world.wire.sent if sent.method == "POST" and sent.path.endswith("/comments")]
    assert len(posts) == 1
    assert len({(branch, sha) for _, branch, sha in world.programs.pushes}) == 1, "a late push is no change"


@pytest.mark.parametrize("seconds", [50, 600])
def test_a_worker_that_sleeps_as_soon_as_it_has_claimed_does_nothing_when_it_wakes(world, seconds):
    result = good(world, Schedule(1, blows=[Blow("pause", 1, label=f"after {CLAIM}", seconds=seconds)]))
    assert told(result, "pause sessions") == 1
    assert len(world.programs.runs) == 1


@pytest.mark.parametrize("where", ["before agent", "after commit issues_attempt"])
def test_a_worker_that_sleeps_while_it_starts_an_agent_gives_it_no_work_when_it_wakes(world, where):
    result = good(world, Schedule(1, blows=[Blow("pause", 1, label=where, seconds=600)]))
    assert told(result, "pause sessions") == 1
    assert len([run for run in world.programs.runs if run.issue]) == 1


def test_a_clock_that_jumps_by_an_hour_and_back_makes_nobody_work_twice(world):
    skews = [(20.0, 3600), (60.0, -3600), (120.0, 0)]
    blows = [Blow("kill", 1, label="during agent")]
    good(world, Schedule(1, blows=blows, skews=skews, agent_seconds=(30, 30)))
    assert len(world.hub.pulls(REPO)) == 1


def test_a_clock_that_is_put_right_does_not_hide_that_a_change_is_on_its_way(world, monkeypatch):
    blow, bury = Blow("kill", 1, label=f"sent {COMMENTS}"), world.bury

    def put_right(worker, **values):
        world.loop.at(world.loop.now + 0.2, setattr, world, "skew", 0.0)
        bury(worker, **values)

    monkeypatch.setattr(world, "bury", put_right)
    good(world, Schedule(1, blows=[blow], agent_seconds=(20, 20), skews=[(0.5, -300)]))
    assert len([each for each in world.hub.comments(REPO, 1) if each.author == BOT]) == 1


def test_a_host_with_another_clock_waits_until_a_change_on_its_way_must_have_arrived(world):
    blow = Blow("kill", 2, label=f"sent {COMMENTS}")
    # the tick at 30 s has another host come while it is on its way
    tasks, apart = [Task(0.0), Task(0.0)], (0.0, 0.0, 0.0, 0.0, 0.0, -300.0, 0.0)
    result = good(world, Schedule(1, tasks, blows=[blow], agent_seconds=(17, 17), apart=apart))
    assert told(result, "kill sessions-2") == 1
    assert len([each for each in world.hub.comments(REPO, 2) if each.author == BOT]) == 1


@pytest.mark.parametrize("apart", [-300.0, 300.0])
def test_work_is_taken_up_by_a_host_whose_clock_is_five_minutes_off(world, apart):
    good(world, Schedule(1, apart=(0.0, 0.0, 0.0, 0.0, apart, apart, apart)))


@pytest.mark.parametrize("skew", [3600, 300])
def test_when_a_clock_that_was_ahead_for_forty_seconds_is_right_again_a_new_issue_is_done_in_minutes(
    world, skew
):
    tasks, skews = [Task(0.0), Task(130.0)], [(20.0, skew), (60.0, 0)]
    result = good(world, Schedule(1, tasks=tasks, skews=skews, agent_seconds=(10, 10)))
    assert result.ended_at < 300


def test_what_was_parked_while_the_clock_was_ahead_goes_on_when_it_is_right_again(world):
    troubles = [Trouble("502", r"GET .*/pulls$", times=2)]
    schedule = Schedule(1, troubles=troubles, skews=[(5.0, 3600), (45.0, 0)], agent_seconds=(10, 10))
    result = good(world, schedule)
    assert "github.unavailable" in world.sessions()[0].events.values_list("reason", flat=True)
    assert result.ended_at < 300


@pytest.mark.parametrize("act", ["push", "force_push", "delete_branch"])
def test_what_a_person_does_to_the_branch_between_push_and_request_is_left_as_it_is(world, act):
    blow = Blow("kill_far", 1, label=r"before GET .*/pulls$")
    good(world, Schedule(1, blows=[blow], acts=[Act(45, act, 0)], agent_seconds=(20, 20)))
    assert world.people.touched == {1: [act]}
    assert world.hub.pulls(REPO) == []
    (session,) = world.sessions()
    assert (session.status, session.reason) == ("needs_review", "branch_taken_over")


def test_a_token_that_is_withdrawn_for_a_while_holds_the_push_and_needs_nobody(world):
    schedule = Schedule(1, revoked=[(15.0, 120.0)], agent_seconds=(30, 30))
    good(world, schedule)
    refused = [sent for sent in world.wire.sent if sent.status == 401]
    assert 1 <= len(refused) <= 2, "each asks once at most"
    assert len(world.programs.runs) == 1, "the agent that ran was not ended"


def test_a_web_server_killed_around_the_storing_of_a_delivery_loses_none_that_it_answered(world):
    moments = (
        "take",
        "before commit automation_webhookdelivery",
        "after commit automation_webhookdelivery",
        "after update",
    )
    blows = [Blow("kill", 1, "web", label) for label in moments]
    letters = [Letter(1, "doubled", 5.0), Letter(2, "doubled", 5.0), Letter(3, "late", 600.0)]
    result = good(world, Schedule(1, blows=blows, letters=letters, hooked=True))
    assert told(result, "kill web") >= 2
    assert len(world.post.taken) >= 3
    assert len(world.hub.pulls(REPO)) == 1


@pytest.mark.parametrize("disk", ["work", "database"])
def test_a_disk_that_is_full_for_two_minutes_parks_and_costs_no_attempt(world, disk):
    good(world, Schedule(1, full=[Full(disk, 2.0, 122.0)], agent_seconds=(20, 20)))
    (session,) = world.sessions()
    assert session.attempts == 0
    if disk == "work":
        assert "git.disk" in session.events.values_list("reason", flat=True)


@pytest.mark.parametrize("when", ["before", "sent", "after"])
def test_killed_around_the_closing_of_an_issue_that_no_merge_closes_it_is_closed_once(world, when):
    result = good(world, Schedule(1, beside=True, blows=[Blow("kill", 1, "tend", f"^{when} {CLOSING}")]))
    assert told(result, "kill default") == 1
    assert (world.people.closed, world.hub.issue(REPO, 1).state) == ([1], "closed")


def test_an_issue_that_a_person_opens_again_after_we_closed_it_stays_open(world):
    good(world, Schedule(1, beside=True, reopens=True))
    assert (world.people.closed, world.hub.issue(REPO, 1).state) == ([1], "open")
    assert world.sessions()[0].status == "completed"
