"""Which issues a project takes. Names are compared without regard to case, as GitHub does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

SKIP_LABELS = ("needs-discussion",)


def matches(
    issue_filter: Mapping[str, Sequence[str]],
    *,
    labels: Iterable[str],
    assignees: Iterable[str],
    milestone: str | None,
) -> bool:
    """Whether an issue has all labels, no excluded one, any of the assignees and any of the milestones.

    A key that is missing or empty asks for nothing.
    """
    held = _folded(labels)
    people = _folded(issue_filter.get("assignees", ()))
    milestones = _folded(issue_filter.get("milestones", ()))
    return (
        _folded(issue_filter.get("labels", ())) <= held
        and not _folded(issue_filter.get("exclude_labels", ())) & held
        and (not people or bool(people & _folded(assignees)))
        and (not milestones or (milestone is not None and milestone.casefold() in milestones))
    )


def skip_label(labels: Iterable[str], skip_labels: Iterable[str] = SKIP_LABELS) -> str | None:
    """The first label, as the issue spells it, that keeps us from working on the issue."""
    skipped = _folded(skip_labels)
    return next((label for label in labels if label.casefold() in skipped), None)


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}
