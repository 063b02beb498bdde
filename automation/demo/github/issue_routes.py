"""REST: issues, their comments and labels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from automation.demo.github import issue_rules
from automation.demo.github.refusals import invalid, not_found
from automation.demo.github.routing import Answer, Call, Route, paginate
from automation.demo.github.state import Comment, Issue

SORTS = {
    "created": lambda issue: (issue.created_at, issue.number),
    "updated": lambda issue: (issue.updated_at, issue.number),
    "comments": lambda issue: (len(issue.comments), issue.number),
}
KEPT_LISTINGS = 8


def list_issues(call: Call) -> Answer:
    """A listing is sorted once and kept until an issue changes: a page costs the same in any repository."""
    kept = call.repo.listings
    key = tuple(
        f"{name}={value}" for name, value in sorted(call.query.items()) if name not in ("page", "per_page")
    )
    if key not in kept or kept[key][0] != call.repo.version:
        if len(kept) >= KEPT_LISTINGS:
            kept.clear()
        kept[key] = (call.repo.version, select(call.repo.issues.values(), call.query))
    return paginate(call, kept[key][1], lambda issue: call.shapes.issue(call.repo, issue))


def select(issues: Iterable[Issue], query: dict[str, str]) -> list[Issue]:
    """GitHub's filters and order: newest first, open only, all of the labels."""
    state, sort = query.get("state", "open"), query.get("sort", "created")
    direction = query.get("direction", "desc")
    if state not in ("open", "closed", "all"):
        raise invalid("Issue", "state", value=state)
    if sort not in SORTS or direction not in ("asc", "desc"):
        raise invalid("Issue", "sort", value=sort)
    if state != "all":
        issues = [issue for issue in issues if issue.state == state]
    if since := parse_since(query):
        issues = [issue for issue in issues if issue.updated_at >= since]
    if labels := {name.lower() for name in query.get("labels", "").split(",") if name}:
        issues = [issue for issue in issues if labels <= {label.name.lower() for label in issue.labels}]
    if creator := query.get("creator"):
        issues = [issue for issue in issues if issue.author == creator]
    issues = [
        issue
        for issue in issues
        if _fits(query.get("assignee"), issue.assignees)
        and _fits(query.get("milestone"), [str(issue.milestone.number)] if issue.milestone else [])
    ]
    return sorted(issues, key=SORTS[sort], reverse=direction == "desc")


def _fits(wanted: str | None, values: list[str]) -> bool:
    return wanted is None or (
        bool(values) if wanted == "*" else not values if wanted == "none" else wanted in values
    )


def parse_since(query: dict[str, str]) -> datetime | None:
    text = query.get("since")
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("Issue", "since", value=text) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def get_issue(call: Call) -> Answer:
    return Answer(body=call.shapes.issue(call.repo, call.issue()))


def create_issue(call: Call) -> Answer:
    fields = call.fields()
    title, body = _text(fields, "title") or "", _text(fields, "body") or ""
    issue_rules.check_text("Issue", title=title, body=body)
    issue = issue_rules.create_issue(call.ledger, call.repo, title=title, body=body, author=call.login)
    if call.repo.allows(call.login, "triage"):
        issue_rules.set_labels(call.ledger, call.repo, issue, _names(fields.get("labels", [])))
    return Answer(201, call.shapes.issue(call.repo, issue))


def update_issue(call: Call) -> Answer:
    issue, fields = call.issue(), call.fields()
    title, body = _text(fields, "title"), _text(fields, "body")
    issue_rules.check_text("Issue", title=title, body=body)
    if fields.get("state") not in (None, "open", "closed"):
        raise invalid("Issue", "state", value=str(fields["state"]))
    issue.title = issue.title if title is None else title
    issue.body = (body or "") if "body" in fields else issue.body
    if isinstance(fields.get("assignees"), list):
        issue.assignees = [str(login) for login in fields["assignees"]]
    call.ledger.touch(call.repo, issue)
    if isinstance(fields.get("labels"), list):
        issue_rules.set_labels(call.ledger, call.repo, issue, _names(fields["labels"]))
    if fields.get("state") == "closed":
        reason = _text(fields, "state_reason")
        issue_rules.close(call.ledger, call.repo, issue, by=call.login, reason=reason)
    elif fields.get("state") == "open":
        issue_rules.reopen(call.ledger, call.repo, issue)
    return get_issue(call)


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid("Issue", name)
    return value


def _names(labels: Any) -> list[str]:
    given = labels.get("labels", []) if isinstance(labels, dict) else labels
    names = [label.get("name") if isinstance(label, dict) else label for label in given or []]
    if not all(isinstance(name, str) for name in names):
        raise invalid("Label", "name")
    return [str(name) for name in names]


def list_comments(call: Call) -> Answer:
    issue, since = call.issue(), parse_since(call.query)
    comments = [comment for comment in issue.comments if since is None or comment.updated_at >= since]
    return paginate(call, comments, lambda comment: call.shapes.comment(call.repo, issue, comment))


def create_comment(call: Call) -> Answer:
    issue, body = call.issue(), _text(call.fields(), "body") or ""
    comment = issue_rules.add_comment(call.ledger, call.repo, issue, body=body, author=call.login)
    return Answer(201, call.shapes.comment(call.repo, issue, comment))


def _find_comment(call: Call) -> tuple[Issue, Comment]:
    for issue in call.repo.issues.values():
        for comment in issue.comments:
            if comment.id == int(call.params["number"]):
                return issue, comment
    raise not_found()


def get_comment(call: Call) -> Answer:
    issue, comment = _find_comment(call)
    return Answer(body=call.shapes.comment(call.repo, issue, comment))


def update_comment(call: Call) -> Answer:
    issue, comment = _find_comment(call)
    body = _text(call.fields(), "body") or ""
    issue_rules.check_text("IssueComment", body=body)
    call.ledger.touch(call.repo, issue)
    comment.body, comment.updated_at = body, issue.updated_at
    return Answer(body=call.shapes.comment(call.repo, issue, comment))


def list_labels(call: Call) -> Answer:
    return paginate(call, call.issue().labels, lambda label: call.shapes.label(call.repo, label))


def add_labels(call: Call) -> Answer:
    names = [label.name for label in call.issue().labels] + _names(call.body)
    return _set_labels(call, names)


def replace_labels(call: Call) -> Answer:
    return _set_labels(call, _names(call.body))


def remove_label(call: Call) -> Answer:
    names = [label.name for label in call.issue().labels]
    kept = [name for name in names if name.lower() != call.params["label"].lower()]
    if kept == names:
        raise not_found()
    return _set_labels(call, kept)


def _set_labels(call: Call, names: list[str]) -> Answer:
    issue_rules.set_labels(call.ledger, call.repo, call.issue(), names)
    return Answer(body=[call.shapes.label(call.repo, label) for label in call.issue().labels])


def list_repository_labels(call: Call) -> Answer:
    return paginate(call, list(call.repo.labels.values()), lambda label: call.shapes.label(call.repo, label))


ROUTES: list[Route] = [
    ("GET", "/issues", list_issues),
    ("POST", "/issues", create_issue),
    ("GET", "/issues/{number}", get_issue),
    ("PATCH", "/issues/{number}", update_issue),
    ("GET", "/issues/{number}/comments", list_comments),
    ("POST", "/issues/{number}/comments", create_comment),
    ("GET", "/issues/comments/{number}", get_comment),
    ("PATCH", "/issues/comments/{number}", update_comment),
    ("GET", "/issues/{number}/labels", list_labels),
    ("POST", "/issues/{number}/labels", add_labels),
    ("PUT", "/issues/{number}/labels", replace_labels),
    ("DELETE", "/issues/{number}/labels/{label}", remove_label),
    ("GET", "/labels", list_repository_labels),
]
