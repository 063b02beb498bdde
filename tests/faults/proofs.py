"""How the matrix names tests: a row with its proofs, and the files that they stand in, as `path::name` below tests/."""

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
DISKS, LOW_DISKS = "flows/test_full_disks.py::test_", "flows/test_low_disks.py::test_"
UPHEAVALS, SPINNING = "flows/test_upheavals.py::test_", "flows/test_spinning_agents.py::test_"
PULLS, SILENCE = "flows/test_odd_pull_requests.py::test_", "flows/test_five_minutes.py::test_"
BASES, MANY = "flows/test_rewritten_bases.py::test_", "flows/test_many_workers.py::test_"
ODD_CHECKS, SQLITE = "flows/test_odd_checks.py::test_", "flows/test_busy_sqlite.py::test_"
REFUSALS, OUR_SIDE = (
    "automation/webhooks/test_refusals.py::test_",
    "automation/webhooks/test_github_side.py::test_",
)
APP, CAPS = "flows/test_github_app.py::test_", "flows/test_caps.py::test_"
TAKEN, CLOSING = "flows/test_taken_names.py::test_", "flows/test_closing.py::test_"
WRONG_CLOCKS = "flows/test_wrong_clocks.py::test_"
CLONES, RUNNER = "projects/workspace/test_checkouts.py::test_", "automation/agents/test_runner.py::test_"

AGAIN = ROWS + "killed_again_and_again_around_the_agent_it_starts_once_more_each_time_and_costs_no_attempt"
ONCE = ROWS + "killed_before_and_after_request_and_comment_both_are_there_once"
PUSHED = ROWS + "killed_before_and_after_the_push_the_same_commit_is_there_and_no_second_one"
CLAIMED = KILLS + "a_worker_killed_before_or_after_its_claim_is_followed_by_another_that_begins"
AROUND = KILLS + "a_worker_killed_around_an_outside_effect_leaves_what_the_next_one_finds"
LOST_ANSWER = GITHUB + "publishing_is_parked_and_then_finished_once"
PUBLISHING = KILLED + "killed_while_publishing"
DELIVERIES = ROWS + "a_web_server_killed_around_the_storing_of_a_delivery_loses_none_that_it_answered"
DEAD = LEASES + "the_lease_of_a_process_of_this_host_that_is_gone_ends_at_once_and_no_other"
SENT = ROWS + "killed_while_a_change_is_on_its_way_nobody_looks_before_it_must_have_arrived"
OUTAGE = ROWS + "a_minute_without_a_database_leaves_no_half_of_anything"
ORACLE = MUTANTS + "the_oracle_finds_what_is_wrong_when"
SCHEDULES = RANDOM + "random_faults_lose_nothing_and_do_nothing_twice"


@dataclass(frozen=True)
class Row:
    fault: str
    proofs: tuple[str, ...]
