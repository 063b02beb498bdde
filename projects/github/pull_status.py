"""What checks and reviews say about a pull request, told from GitHub's lists. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from projects.github.decoding import Fields
from projects.github.payloads import PullRequest

HARMLESS_CONCLUSIONS = ("success", "neutral", "skipped")
# Anybody may review a public pull request: only these people's word counts.
REVIEWERS = ("OWNER", "MEMBER", "COLLABORATOR")
VERDICTS = {"APPROVED": "approved", "CHANGES_REQUESTED": "changes_requested", "DISMISSED": "none"}


def state_of(pr: PullRequest) -> str:
    """open, draft, merged or closed."""
    if pr.merged:
        return "merged"
    return "draft" if pr.state == "open" and pr.draft else pr.state


def checks_of(*, combined_status: object | None, check_runs: Iterable[object]) -> str:
    """success, failure, pending or none, over commit statuses (services) and check runs (apps, Actions).

    One failure decides at once: nobody has to wait for the rest.
    """
    verdicts = {_verdict_of_run(Fields(run, "check_runs.")) for run in check_runs}
    if combined_status is not None:
        combined = Fields(combined_status)
        if combined.items("statuses"):
            state = combined.choice("state", "success", "pending", "failure", "error")
            verdicts.add("failure" if state == "error" else state)
    return next((verdict for verdict in ("failure", "pending", "success") if verdict in verdicts), "none")


def review_of(reviews: Iterable[object]) -> str:
    """changes_requested as soon as one reviewer's last verdict asks for them, else approved, else none."""
    last: dict[str, str] = {}
    for raw in reviews:
        review = Fields(raw, "reviews.")
        verdict = VERDICTS.get(review.text("state").upper())  # a mere comment changes no verdict
        if verdict and review.text_or_empty("author_association") in REVIEWERS:
            last[review.login("user")] = verdict
    verdicts = set(last.values())
    return next((verdict for verdict in ("changes_requested", "approved") if verdict in verdicts), "none")


def _verdict_of_run(run: Fields) -> str:
    if run.text("status") != "completed":
        return "pending"
    return "success" if run.text_or_empty("conclusion") in HARMLESS_CONCLUSIONS else "failure"
