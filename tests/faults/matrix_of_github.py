"""The rows of the matrix that are about GitHub, its webhooks and its repositories: R13 to R26."""

from __future__ import annotations

from tests.faults.proofs import (
    APP,
    BASES,
    CLONES,
    CLUSTERS,
    DELIVERIES,
    DISKS,
    FENCES,
    LIMITS,
    LOST_ANSWER,
    LOW_DISKS,
    MERGE,
    MIRROR,
    ODD,
    OUR_SIDE,
    PARKED,
    PULLS,
    QUOTA,
    RECEIVING,
    REFUSALS,
    REPOSITORIES,
    ROWS,
    SILENCE,
    SYNC,
    TAKEN,
    TRANSPORT,
    UPHEAVALS,
    WAKING,
    Row,
)

ROWS_OF_GITHUB: dict[str, Row] = {
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
            REPOSITORIES + "a_refused_token_that_github_token_names_is_told_until_it_is_taken",
            REPOSITORIES + "a_permission_that_is_taken_is_told_holds_the_session_and_heals_by_itself",
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
            DELIVERIES,
        ),
    ),
    "R18": Row(
        "a webhook is forged, oversized, nonsense or for others",
        (
            REFUSALS
            + "each_kind_is_refused_with_its_own_status_writes_nothing_and_is_parsed_only_when_its_signature_is_good",
            REFUSALS + "what_is_signed_and_not_for_us_is_taken_and_kept_as_ignored_and_does_nothing_else",
            RECEIVING + "forged_unsigned_and_sha1_signed_deliveries_are_refused_before_anything_reads_them",
        ),
    ),
    "R19": Row(
        "webhooks are silent, or nobody is there to receive them",
        (
            OUR_SIDE + "what_failed_while_we_were_down_is_asked_for_once_and_arrives",
            OUR_SIDE
            + "after_four_days_without_a_receiver_the_last_three_are_asked_for_and_the_sync_sees_the_rest",
            SILENCE + "what_people_do_with_pull_requests",
            SILENCE + "what_people_do_with_issues_and_what_is_new",
            UPHEAVALS + "all_that_happened_in_a_day_without_a_webhook_is_made_up_for_in_one_round",
            CLUSTERS + "clock_and_clusters_take_issues_to_merged_pull_requests",
        ),
    ),
    "R20": Row(
        "the disk is full",
        (
            PARKED + "a_full_disk",
            DISKS
            + "a_disk_that_is_full_in_the_middle_parks_the_session_spoils_no_mirror_and_costs_no_attempt",
            DISKS + "a_full_database_loses_nothing_answers_pages_and_all_goes_on_when_there_is_space",
            LOW_DISKS + "what_still_runs_is_ended_before_the_disk_is_full_and_goes_on_when_there_is_room",
            ROWS + "a_disk_that_is_full_for_two_minutes_parks_and_costs_no_attempt",
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
            UPHEAVALS
            + "a_renamed_default_branch_is_followed_with_an_audit_row_and_what_waited_for_it_is_woken",
            BASES + "what_has_not_begun_starts_from_the_branch_as_it_is_now",
            BASES
            + "work_that_began_on_what_was_removed_is_held_and_not_pushed_and_a_new_start_begins_afresh",
            BASES
            + "a_deleted_default_branch_parks_what_waits_for_it_pushes_nothing_and_all_goes_on_when_it_is_back",
            REPOSITORIES + "a_repository_without_the_default_branch",
            CLONES + "a_mirror_found_damaged_while_cloning_is_rebuilt",
        ),
    ),
    "R24": Row(
        "the repository is renamed, transferred, replaced, archived, hidden, deleted",
        (
            "projects/github/test_client.py::test_a_renamed_repository_is_found_under_its_new_name",
            UPHEAVALS + "a_renamed_repository_is_followed_to_the_same_id_and_published_to",
            SILENCE + "a_repository_transferred_to_another_owner_is_followed_to_its_number",
            UPHEAVALS + "another_repository_under_the_old_name_is_refused_and_gets_nothing",
            TAKEN + "a_session_that_begins_takes_nothing_from_another_repository",
            TAKEN + "a_session_that_publishes_writes_nothing_to_another_repository_with_the_same_history",
            TAKEN + "a_pull_request_of_another_repository_ends_no_session_of_ours",
            TAKEN + "a_failure_is_not_told_on_an_issue_of_another_repository",
            TAKEN + "no_issue_of_another_repository_is_closed",
            UPHEAVALS + "an_archived_repository_pauses_its_project_which_goes_on_by_itself",
            UPHEAVALS + "a_repository_archived_while_an_agent_works_gets_its_pull_request_afterwards",
            UPHEAVALS + "a_deleted_repository_or_one_made_private_is_told_and_comes_back",
            SYNC + "another_repository_under_the_old_name_is_refused",
            REPOSITORIES + "a_repository_that_is_gone",
        ),
    ),
    "R25": Row(
        "the issue is closed, reassigned, locked, transferred, deleted, unlabelled or edited meanwhile",
        (
            UPHEAVALS + "labels_and_texts_edited_while_the_agent_works_do_not_disturb_it",
            UPHEAVALS + "an_issue_lost_while_the_agent_works_gets_no_branch_and_is_skipped",
            UPHEAVALS + "an_issue_that_is_lost_is_noticed_within_a_day_and_says_where_it_went",
            SILENCE + "what_people_do_with_issues_and_what_is_new",
            ODD
            + "what_becomes_of_an_issue_between_its_pull_request_and_its_comment_leaves_the_pull_request_to_decide",
            ODD + "an_issue_closed_before_its_pull_request_is_skipped",
            ODD + "an_issue_closed_while_the_agent_works_is_skipped_by_the_publish_step",
            ODD + "a_locked_issue_gets_its_pull_request_and_no_comment_and_the_journal_says_why",
            SYNC + "an_issue_that_loses_the_label_is_skipped_as_filtered",
        ),
    ),
    "R26": Row(
        "the pull request is closed, merged by others, reopened, made a draft, its base or branch changed",
        (
            PULLS + "what_becomes_of_a_pull_request_becomes_of_its_session",
            PULLS + "a_pull_request_whose_branch_goes_with_its_merge_is_completed",
            PULLS + "after_a_merge_into_another_base_than_ours_the_issue_is_closed_by_us",
            SILENCE + "what_people_do_with_pull_requests",
            MERGE + "a_pull_request_closed_unmerged_fails_and_a_reopened_one_comes_back",
            ODD + "commits_of_others_on_the_merged_branch_are_told",
            ODD + "after_a_merge_into_another_branch_we_close_the_issue_once",
            ROWS + "killed_around_the_closing_of_an_issue_that_no_merge_closes_it_is_closed_once",
            ROWS + "an_issue_that_a_person_opens_again_after_we_closed_it_stays_open",
        ),
    ),
}
