"""What the stand-in itself has seen: branches, pull requests and comments of ours, and requests it had forbidden."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

from automation.demo.github import StandIn
from automation.markers import find_marker
from tests.faults.installation import BOT, REPO

BRANCH = re.compile(r"feature/issue-(\d+)(?:-\d+)?")
ON_THEIR_WAY = timedelta(seconds=1)


def judge(hub: StandIn, numbers: list[int]) -> tuple[list[str], list[str]]:
    """Duplicates and losses, as sentences. Each issue must have one branch, one merged request and one comment."""
    duplicates, losses = [], []
    found = [BRANCH.fullmatch(name) for name in hub.repository(REPO).bare.branches()]
    branches = Counter(int(match[1]) for match in found if match)
    heads = [(BRANCH.fullmatch(pull.pull.head_ref), pull) for pull in hub.pulls(REPO) if pull.pull]
    for number in numbers:
        pulls = [pull for match, pull in heads if match and int(match[1]) == number]
        comments = [each.body for each in hub.comments(REPO, number) if each.author == BOT]
        for what, count in (("branches", branches[number]), ("pull requests", len(pulls))):
            if count > 1:
                duplicates.append(f"issue {number} has {count} {what}")
        marks = Counter(map(find_marker, comments))
        duplicates += [
            f"issue {number} has {count} comments {mark}" for mark, count in marks.items() if count > 1
        ]
        if len(comments) > len(marks) or not comments:
            losses.append(f"issue {number} has {len(comments)} comments")
        if not any(pull.pull and pull.pull.merged_at for pull in pulls):
            losses.append(f"issue {number} has no merged pull request")
    return duplicates, losses


def within_limits(hub: StandIn, seconds: float) -> list[str]:
    """Requests that came while a limit of so many seconds, announced before, was in force."""
    late, until = [], None
    for seen in sorted(hub.requests, key=lambda seen: seen.at):
        if seen.kind != "api":
            continue
        is_refusal = seen.status in (403, 429) and b"rate limit" in seen.answer
        if until is not None and seen.at < until:
            if seen.at > until - timedelta(seconds=seconds) + ON_THEIR_WAY:
                late.append(f"{seen.method} {seen.path} {(until - seen.at).total_seconds():.1f} s early")
        elif is_refusal:
            until = seen.at + timedelta(seconds=seconds)
    return late
