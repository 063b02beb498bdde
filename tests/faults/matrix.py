"""The faults that the product survives, R1 to R35, and for each the tests that prove it.

Those in faults/ run in the simulator, the others with real processes or real parts.
"""

from __future__ import annotations

from tests.faults.matrix_of_github import ROWS_OF_GITHUB
from tests.faults.proofs import (
    AGAIN,
    AGENTS,
    AROUND,
    CAPS,
    CHECKS,
    CLAIMED,
    CLONES,
    CLOSING,
    CLUSTERS,
    DEAD,
    DELIVERIES,
    FENCES,
    FROZEN,
    GITHUB,
    HAND_OVER,
    HOSTS,
    IMPORT,
    KILLED,
    LEASES,
    LOST_ANSWER,
    MANY,
    ODD_CHECKS,
    ONCE,
    ORACLE,
    OUTAGE,
    PROGRAMS,
    PUBLISHING,
    PUSHED,
    RANDOM,
    RECEIVING,
    ROWS,
    RUNNER,
    SANDBOX,
    SENT,
    SPINNING,
    SQLITE,
    WAKING,
    WRONG_CLOCKS,
    Row,
)

MATRIX: dict[str, Row] = (
    {
        "R1": Row("kill -9 of a worker before or after its claim", (AGAIN, CLAIMED, DEAD)),
        "R2": Row(
            "before the agent starts",
            (AGAIN, CLONES + "making_a_clone_again_starts_afresh"),
        ),
        "R3": Row(
            "while the agent runs",
            (AGAIN, KILLED + "killed_while_the_agent_runs", SANDBOX + "nothing_outlives_a_killed_worker"),
        ),
        "R4": Row(
            "after the agent, before verification",
            (AGAIN, HOSTS + "a_host_that_died_while_it_verified_leaves_its_commit_to_another"),
        ),
        "R5": Row(
            "before the push",
            (PUSHED, HOSTS + "a_host_that_died_before_the_push_leaves_the_checked_commit_to_another"),
        ),
        "R6": Row("after the push, before the pull request", (PUSHED, PUBLISHING, AROUND)),
        "R7": Row(
            "the pull request's answer is lost",
            (
                ONCE,
                SENT,
                LOST_ANSWER,
                "flows/test_lookups.py::test_a_request_that_github_has_but_did_not_list_is_adopted_when_it_refuses_a_second",
                GITHUB + "a_pull_request_that_github_refuses_waits_for_a_person",
            ),
        ),
        "R8": Row(
            "after the pull request, before the comment, or the comment's answer is lost",
            (ONCE, LOST_ANSWER, PUBLISHING, ORACLE),
        ),
        "R9": Row("after the comment, before its outcome is stored", (ONCE, AROUND, PUBLISHING)),
        "R10": Row(
            "kill -9 of every process",
            (
                ROWS + "when_every_process_is_killed_at_once_all_goes_on_after_the_restart",
                CLUSTERS + "a_killed_worker_of_the_cluster_loses_no_session",
                FROZEN + "nothing_of_a_cluster_outlives_its_first_process_or_its_guard",
                RECEIVING + "a_queue_that_is_down_costs_no_delivery",
                WAKING + "a_lost_message_costs_only_time_since_the_tick_takes_the_delivery_up",
                DELIVERIES,
            ),
        ),
        "R11": Row(
            "the database is away for a minute",
            (
                OUTAGE,
                "config/test_database_away.py::test_each_page_answers_503_and_when_to_come_back",
                "automation/test_holding.py::test_a_database_that_hangs_does_not_keep_the_work_going_past_its_time",
                RECEIVING + "the_database_being_down_asks_github_to_come_again",
                "automation/commands/test_clock.py::test_a_beat_without_a_database_is_logged_and_survived",
            ),
        ),
        "R12": Row(
            "twenty writers on one database",
            (
                "issues/test_many_writers.py::test_twenty_writers_and_a_reader_wait_for_each_other_and_lose_nothing",
                SQLITE + "twenty_writers_of_two_workers_lose_nothing_and_the_web_answers_all",
                SQLITE + "sqlite_writes_ahead_and_begins_each_transaction_as_a_writer",
            ),
        ),
    }
    | ROWS_OF_GITHUB
    | {
        "R27": Row(
            "the agent hangs and hears no signal",
            (
                RUNNER + "a_stop_ends_an_agent_that_ignores_signals",
                RUNNER + "silence_and_time_are_limited",
                AGENTS + "an_agent_that_always_does_it_fails_the_session",
                KILLED + "stop_and_skip_end_the_agents_whole_tree_within_ten_seconds",
            ),
        ),
        "R28": Row(
            "the agent prints without end, one line, NUL, no text",
            (
                "projects/workspace/test_streams.py::test_a_gigabyte_of_output_costs_no_memory",
                AGENTS + "an_agent_that_floods_is_ended",
                "automation/agents/test_transcripts.py::test_bytes_of_any_kind_can_be_written",
                "automation/agents/test_transcripts.py::test_head_and_tail_are_kept_and_the_gap_shows",
            ),
        ),
        "R29": Row(
            "daemons, fork bombs, inherited pipes",
            (
                CAPS + "an_agent_that_takes_too_much_is_ended_with_all_it_started",
                SANDBOX + "nothing_outlives_a_program_that_exits",
                PROGRAMS + "a_pipe_that_a_daemon_inherited_does_not_hang_the_wait",
            ),
        ),
        "R30": Row(
            "the agent takes all processors or all memory",
            (
                CAPS + "an_agent_that_takes_too_much_is_ended_with_all_it_started",
                CAPS + "an_agent_steps_back_for_its_worker_when_the_host_is_short",
                SPINNING + "lease_and_web_go_on_while_an_agent_spins_and_only_the_agent_dies_of_its_greed",
            ),
        ),
        "R31": Row(
            "the agent damages its clone",
            (
                AGENTS + "it_costs_one_attempt_and_the_next_one_is_told_why",
                IMPORT + "a_clone_that_is_no_usable_repository_any_more_is_told",
                IMPORT + "a_handful_of_objects_that_stand_for_a_billion_files_is_refused",
                CLONES + "a_repository_within_the_repository_spoils_not_the_rest",
                CLONES + "links_and_attributes_of_the_repository_do_nothing_to_us",
            ),
        ),
        "R32": Row(
            "clocks jump",
            (
                ROWS + "a_clock_that_jumps_by_an_hour_and_back_makes_nobody_work_twice",
                ROWS + "a_clock_that_is_put_right_does_not_hide_that_a_change_is_on_its_way",
                ROWS + "a_host_with_another_clock_waits_until_a_change_on_its_way_must_have_arrived",
                ROWS + "work_is_taken_up_by_a_host_whose_clock_is_five_minutes_off",
                ROWS
                + "when_a_clock_that_was_ahead_for_forty_seconds_is_right_again_a_new_issue_is_done_in_minutes",
                ROWS + "what_was_parked_while_the_clock_was_ahead_goes_on_when_it_is_right_again",
                WRONG_CLOCKS + "a_merge_and_a_new_issue_are_seen_although_the_last_look_seems_to_lie_ahead",
                LEASES + "a_lease_that_was_not_renewed_for_45_seconds_can_be_taken_over",
                "projects/github/test_ratelimit.py::test_a_reset_is_as_far_away_as_githubs_own_clock_says",
            ),
        ),
        "R33": Row(
            "two or twenty workers on one session, one of them asleep for ten minutes",
            (
                MANY + "of_twenty_workers_given_the_same_session_one_works_and_all_others_return",
                MANY + "a_worker_that_is_stopped_for_ten_minutes_and_goes_on_does_nothing_outside",
                ROWS + "a_worker_that_slept_for_ten_minutes_does_nothing_when_it_wakes",
                RANDOM + "a_worker_that_is_late_just_before_a_comment_leaves_does_not_send_it",
                CLOSING + "a_late_worker_closes_no_issue_that_a_person_has_opened_again",
                KILLED + "of_two_workers_given_the_same_session_one_works_and_the_other_returns",
                LEASES + "of_eight_workers_claiming_at_once_exactly_one_wins",
                FENCES + "a_lease_that_has_run_out_allows_no_effect_even_if_nobody_took_it_over",
                ORACLE,
            ),
        ),
        "R34": Row(
            "a check is flaky, hangs, kills the group around it, needs what is not there",
            (
                CHECKS + "a_check_over_its_time_limit_has_failed_and_says_so",
                CHECKS + "a_check_that_kills_its_whole_group_fails_alone",
                CHECKS + "a_missing_tool_is_the_fault_of_the_environment",
                ODD_CHECKS
                + "a_check_that_hangs_or_kills_all_around_it_counts_once_in_each_attempt_and_its_worker_goes_on",
                ODD_CHECKS
                + "a_check_that_fails_at_first_and_passes_then_has_used_one_attempt_and_keeps_both_verdicts",
                HAND_OVER + "checks_that_are_cut_off_run_again_and_cost_no_attempt",
            ),
        ),
        "R35": Row(
            "a restart under running sessions",
            (
                HAND_OVER + "run_hands_its_sessions_over_at_sigterm_and_the_next_worker_resumes_the_agent",
                HAND_OVER + "minutes_to_drain_let_a_running_session_come_to_its_end_and_no_other_begin",
                HAND_OVER
                + "ten_sessions_survive_a_deploy_with_a_migration_and_none_of_them_starts_from_zero",
                HAND_OVER + "deploys_are_no_failures_of_the_agent",
            ),
        ),
    }
)

PROOFS = frozenset(f"tests/{proof}" for row in MATRIX.values() for proof in row.proofs)
