"""What guards a branch against a merge that nobody has reviewed: rulesets and classic branch protection."""

from __future__ import annotations

from collections.abc import Iterable

from projects.github.decoding import Fields


def decode_rules(raw: Iterable[object]) -> int:
    """The most approvals that one of the rules asks for; other kinds of rules ask for none."""
    rules = [Fields(entry) for entry in raw]
    pulls = [rule.child_or_none("parameters") for rule in rules if rule.text("type") == "pull_request"]
    return max((_count(found) for found in pulls if found is not None), default=0)


def decode_protection(raw: object) -> int:
    """The approvals that classic protection asks for."""
    reviews = Fields(raw).child_or_none("required_pull_request_reviews")
    return 0 if reviews is None else _count(reviews)


def _count(found: Fields) -> int:
    count = found.value.get("required_approving_review_count", 0)
    if type(count) is not int or count < 0:
        raise found.broken("required_approving_review_count")
    return count
