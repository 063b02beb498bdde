"""The faults that the product survives, R1 to R35, and for each the tests that prove it.

`path::name` below tests/; those in faults/ run in the simulator, the others with real processes or real parts.
"""

from __future__ import annotations

from dataclasses import dataclass

ROWS, MUTANTS = "faults/test_rows.py::test_", "faults/test_mutants.py::test_"
KILLS, RANDOM = "faults/test_single_kills.py::test_", "faults/test_simulator.py::test_"
KILLED, CLUSTERS = "flows/test_killed_workers.py::test_", "flows/test_clusters.py::test_"
FROZEN, HOSTS = "flows/test_frozen_clusters.py::test_", "flows/test_two_hosts.py::test_"
GITHUB, LIMITS = "flows/test_github_faults.py::test_", "flows/test_rate_limits.py::test_"
REPOSITORIES, FENCES = "flows/test_bad_repositories.py::test_", "flows/test_fences.py::test_"
PARKED, AGENTS = "flows/test_parked.py::test_", "flows/test_bad_agents.py::test_"
TRANSPORT, QUOTA = "projects/github/test_transport_faults.py::test_", "projects/github/test_quota.py::test_"
RECEIVING, WAKING = (
    "automation/webhooks/test_receiving.py::test_",
    "automation/webhooks/test_waking.py::test_",
)
LEASES, CHECKS = "projects/test_leases.py::test_", "verification/test_runner.py::test_"
PROGRAMS, SANDBOX = "projects/workspace/test_processes.py::test_", "projects/workspace/test_sandbox.py::test_"
MIRROR, IMPORT = "projects/workspace/test_mirror.py::test_", "projects/workspace/test_import.py::test_"
SYNC, ODD = "issues/test_sync.py::test_", "flows/test_odd_issues.py::test_"
MERGE, HAND_OVER = "flows/test_issue_to_merge.py::test_", "flows/test_hand_over.py::test_"
DISKS = "flows/test_full_disks.py::test_"
APP, CAPS = "flows/test_github_app.py::test_", "flows/test_caps.py::test_"
CLONES, RUNNER = "projects/workspace/test_checkouts.py::test_", "automation/agents/test_runner.py::test_"

AGAIN = ROWS + "killed_again_and_again_around_the_agent_it_starts_once_more_each_time_and_costs_no_attempt"
ONCE = ROWS + "killed_before_and_after_request_and_comment_both_are_there_once"
PUSHED = ROWS + "killed_before_and_after_the_push_the_same_commit_is_there_and_no_second_one"
ANY = KILLS + "a_worker_killed_at_any_moment_is_followed_by_another_that_does_nothing_twice"
AROUND = KILLS + "a_worker_killed_around_an_outside_effect_leaves_what_the_next_one_finds"
LOST_ANSWER = GITHUB + "publishing_is_parked_and_then_finished_once"
PUBLISHING = KILLED + "killed_while_publishing"
OUTAGE = ROWS + "a_minute_without_a_database_leaves_no_half_of_anything"
ORACLE = MUTANTS + "the_oracle_finds_what_is_wrong_when"
SCHEDULES = RANDOM + "random_faults_lose_nothing_and_do_nothing_twice"


@dataclass(frozen=True)
class Row:
    fault: str
    proofs: tuple[str, ...]


MATRIX: dict[str, Row] = {
    "R1": Row("kill -9 of a worker before or after its claim", (AGAIN, ANY)),
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
        ),
    ),
    "R13": Row(
        "GitHub fails, breaks off, trickles, or answers nonsense",
        (
            TRANSPORT + "a_question_is_repeated_once_at_once",
            TRANSPORT + "a_question_that_fails_twice_waits_for_later",
            TRANSPORT + "an_answer_that_trickles_is_given_up_after_a_total_time",
            TRANSPORT + "a_change_whose_answer_is_lost_is_never_repeated",
            LOST_ANSWER,
            SYNC + "one_malformed_issue_does_not_lose_the_others",
        ),
    ),
    "R14": Row(
        "rate limits",
        (
            ROWS + "within_a_limit_nothing_is_sent_by_any_worker_and_the_session_waits",
            QUOTA + "after_a_refusal_no_thread_of_any_client_asks_before_the_time",
            LIMITS + "within_a_rate_limit_no_request_is_sent",
            LIMITS + "a_secondary_limit_that_names_no_time_is_waited_out_for_a_minute",
        ),
    ),
    "R15": Row(
        "the token is withdrawn, the App suspended, a permission taken",
        (
            ROWS + "a_token_that_is_withdrawn_for_a_while_holds_the_push_and_needs_nobody",
            REPOSITORIES + "a_revoked_token_is_the_projects_trouble_and_heals_by_itself",
            REPOSITORIES + "a_refused_token_is_not_tried_at_every_tick",
            APP + "a_suspended_installation_needs_credentials_and_goes_on_by_itself",
        ),
    ),
    "R16": Row(
        "the token ends while the agent works",
        (
            APP + "a_token_that_ends_while_the_agent_works_is_made_anew_before_the_push",
            "projects/test_account_tokens.py::test_one_that_ends_soon_is_renewed_and_stored_encrypted_before_it_is_used",
        ),
    ),
    "R17": Row(
        "a webhook comes a hundred times, in any order, late",
        (
            RECEIVING + "a_hundred_duplicates_make_one_row_and_one_wake",
            WAKING + "reordered_late_and_repeated_deliveries_end_in_githubs_state_with_one_round",
        ),
    ),
    "R18": Row(
        "a webhook is forged, oversized, nonsense or for others",
        (
            RECEIVING + "forged_unsigned_and_sha1_signed_deliveries_are_refused_before_anything_reads_them",
            RECEIVING + "a_delivery_of_26_mb_is_refused_without_being_read",
            RECEIVING + "another_projects_secret_does_not_reach_a_project",
        ),
    ),
    "R19": Row(
        "webhooks are silent, or nobody is there to receive them",
        (
            "automation/webhooks/test_github_side.py::test_what_failed_while_we_were_down_is_asked_for_once_and_arrives",
            CLUSTERS + "clock_and_clusters_take_issues_to_merged_pull_requests",
        ),
    ),
    "R20": Row(
        "the disk is full",
        (
            PARKED + "a_full_disk",
            DISKS + "a_disk_that_is_full_in_the_middle_parks_the_session_and_costs_no_attempt",
        ),
    ),
    "R21": Row(
        "GitHub refuses the push",
        (
            REPOSITORIES + "a_push_that_a_rule_refuses_is_held_and_not_repeated",
            "projects/workspace/test_diagnosis.py::test_the_words_of_git_have_a_code_and_a_remedy",
            MIRROR + "a_push_that_a_hook_declines_is_rejected_with_its_words",
        ),
    ),
    "R22": Row(
        "a person pushes to the branch, overwrites or deletes it",
        (
            ROWS + "what_a_person_does_to_the_branch_between_push_and_request_is_left_as_it_is",
            REPOSITORIES + "what_a_person_pushed_to_our_branch_meanwhile_is_never_overwritten",
            FENCES + "a_person_who_pushes_between_push_and_pull_request_holds_the_session",
        ),
    ),
    "R23": Row(
        "the default branch moves or goes, the mirror is damaged",
        (
            MIRROR + "a_damaged_mirror_is_rebuilt",
            REPOSITORIES + "a_repository_without_the_default_branch",
            CLONES + "a_mirror_found_damaged_while_cloning_is_rebuilt",
        ),
    ),
    "R24": Row(
        "the repository is renamed, replaced, hidden, deleted",
        (
            "projects/github/test_client.py::test_a_renamed_repository_is_found_under_its_new_name",
            SYNC + "another_repository_under_the_old_name_is_refused",
            REPOSITORIES + "a_repository_that_is_gone",
        ),
    ),
    "R25": Row(
        "the issue is closed, locked or edited meanwhile",
        (
            ODD + "an_issue_closed_before_its_pull_request_is_skipped",
            ODD + "an_issue_closed_while_the_agent_works_is_skipped_by_the_publish_step",
            ODD + "a_locked_issue_gets_its_pull_request_and_no_comment_and_the_journal_says_why",
            SYNC + "an_issue_that_loses_the_label_is_skipped_as_filtered",
        ),
    ),
    "R26": Row(
        "the pull request is closed, merged by others, reopened",
        (
            MERGE + "a_pull_request_closed_unmerged_fails_and_a_reopened_one_comes_back",
            ODD + "commits_of_others_on_the_merged_branch_are_told",
            ODD + "after_a_merge_into_another_branch_we_close_the_issue_once",
        ),
    ),
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
            LEASES + "a_lease_that_was_not_renewed_for_45_seconds_can_be_taken_over",
            "projects/github/test_ratelimit.py::test_a_reset_is_as_far_away_as_githubs_own_clock_says",
        ),
    ),
    "R33": Row(
        "two workers on one session, one of them asleep for ten minutes",
        (
            ROWS + "a_worker_that_slept_for_ten_minutes_does_nothing_when_it_wakes",
            KILLED + "of_two_workers_given_the_same_session_one_works_and_the_other_returns",
            LEASES + "of_eight_workers_claiming_at_once_exactly_one_wins",
            FENCES + "a_lease_that_has_run_out_allows_no_effect_even_if_nobody_took_it_over",
            ORACLE,
        ),
    ),
    "R34": Row(
        "a check hangs, kills its group, needs what is not there",
        (
            CHECKS + "a_check_over_its_time_limit_has_failed_and_says_so",
            CHECKS + "a_check_that_kills_its_whole_group_fails_alone",
            CHECKS + "a_missing_tool_is_the_fault_of_the_environment",
        ),
    ),
    "R35": Row(
        "a restart under running sessions",
        (
            HAND_OVER + "run_hands_its_sessions_over_at_sigterm_and_the_next_worker_resumes_the_agent",
            HAND_OVER + "minutes_to_drain_let_a_running_session_come_to_its_end_and_no_other_begin",
            HAND_OVER + "deploys_are_no_failures_of_the_agent",
        ),
    ),
}
