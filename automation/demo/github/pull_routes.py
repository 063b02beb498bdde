"""REST: pull requests with their commits, reviews and merge; checks and statuses of a commit."""

from __future__ import annotations

from automation.demo.github import pull_payloads, pull_rules
from automation.demo.github.issue_rules import check_text, close, reopen
from automation.demo.github.refusals import Refusal, invalid, not_found
from automation.demo.github.routing import Answer, Call, Route, paginate
from automation.demo.github.state import Issue, Pull, Status


def _found(call: Call) -> tuple[Issue, Pull]:
    pull_rules.refresh(call.ledger, call.repo)
    issue = call.issue()
    if issue.pull is None:
        raise not_found()
    return issue, issue.pull


def _shown(call: Call, issue: Issue, pull: Pull) -> dict[str, object]:
    return pull_payloads.pull_details(call.shapes, call.repo, issue, pull, viewer=call.login)


def list_pulls(call: Call) -> Answer:
    """`head` filters only in the form `owner:branch`; GitHub ignores any other, and so do we."""
    pull_rules.refresh(call.ledger, call.repo)
    query, state = call.query, call.query.get("state", "open")
    if state not in ("open", "closed", "all"):
        raise invalid("PullRequest", "state", value=state)
    owner, colon, branch = query.get("head", "").partition(":")
    found = [
        (issue, issue.pull)
        for issue in call.repo.issues.values()
        if issue.pull
        and state in ("all", issue.state)
        and query.get("base", issue.pull.base_ref) == issue.pull.base_ref
        and (not colon or (owner.lower(), branch) == (call.repo.owner.lower(), issue.pull.head_ref))
    ]
    updated = query.get("sort") == "updated"
    newest_first = query.get("direction", "asc" if updated else "desc") == "desc"
    found.sort(key=lambda pair: (pair[0].updated_at, pair[0].number) if updated else (pair[0].number,))
    if newest_first:
        found.reverse()
    return paginate(
        call,
        found,
        lambda pair: pull_payloads.pull_summary(call.shapes, call.repo, *pair, viewer=call.login),
    )


def create_pull(call: Call) -> Answer:
    fields = call.fields()
    for name in ("title", "head", "base"):
        if not isinstance(fields.get(name), str):
            raise invalid("PullRequest", name, "missing_field")
    issue = pull_rules.open_pull(
        call.ledger,
        call.repo,
        title=fields["title"],
        body=fields.get("body") or "",
        head=fields["head"],
        base=fields["base"],
        author=call.login,
        draft=bool(fields.get("draft")),
    )
    call.params["number"] = str(issue.number)
    shown = _shown(call, *_found(call))
    return Answer(201, shown, {"Location": str(shown["url"])})


def get_pull(call: Call) -> Answer:
    return Answer(body=_shown(call, *_found(call)))


def update_pull(call: Call) -> Answer:
    (issue, pull), fields = _found(call), call.fields()
    check_text("PullRequest", title=fields.get("title"), body=fields.get("body"))
    issue.title = fields.get("title", issue.title)
    issue.body = fields.get("body", issue.body) or ""
    call.ledger.touch(call.repo, issue)
    if fields.get("state") == "closed":
        close(call.ledger, call.repo, issue, by=call.login)
    elif fields.get("state") == "open":
        reopen(call.ledger, call.repo, issue)
    return Answer(body=_shown(call, issue, pull))


def list_pull_commits(call: Call) -> Answer:
    _, pull = _found(call)
    commits = call.repo.bare.commits(pull.base_sha, pull.head_sha)
    return paginate(call, commits, lambda facts: pull_payloads.commit(call.shapes, call.repo, facts))


def list_reviews(call: Call) -> Answer:
    issue, pull = _found(call)
    return paginate(
        call, pull.reviews, lambda given: pull_payloads.review(call.shapes, call.repo, issue, given)
    )


def create_review(call: Call) -> Answer:
    (issue, _), fields = _found(call), call.fields()
    given = pull_rules.add_review(
        call.ledger,
        call.repo,
        issue,
        event=str(fields.get("event")),
        body=fields.get("body") or "",
        author=call.login,
    )
    return Answer(body=pull_payloads.review(call.shapes, call.repo, issue, given))


def is_merged(call: Call) -> Answer:
    _, pull = _found(call)
    if pull.merged_at is None:
        raise not_found()
    return Answer(204)


def merge_pull(call: Call) -> Answer:
    issue, _ = _found(call)
    if not call.repo.allows(call.login, "write"):
        raise Refusal(403, "Must have push access to merge.")
    expected = call.fields().get("sha")
    sha = pull_rules.merge(call.ledger, call.repo, issue, by=call.login, expected=expected)
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _sha(call: Call) -> str:
    sha = call.repo.bare.resolve(call.params["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.params['ref']}")
    return sha


def list_check_runs(call: Call) -> Answer:
    sha = _sha(call)
    runs = [run for run in call.repo.check_runs if run.sha == sha]
    return paginate(
        call, runs, lambda run: pull_payloads.check_run(call.shapes, call.repo, run), wrap="check_runs"
    )


def get_combined_status(call: Call) -> Answer:
    sha = _sha(call)
    newest = {given.context: given for given in call.repo.statuses if given.sha == sha}
    return Answer(body=pull_payloads.combined_status(call.shapes, call.repo, sha, list(newest.values())))


def create_status(call: Call) -> Answer:
    sha, fields = _sha(call), call.fields()
    if fields.get("state") not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state", "custom")
    given = Status(
        call.ledger.next_id(),
        sha,
        context=str(fields.get("context", "default")),
        state=fields["state"],
        description=str(fields.get("description") or ""),
        creator=call.login,
        created_at=call.ledger.now(),
    )
    call.repo.statuses.append(given)
    shown = pull_payloads.status(call.shapes, call.repo, given)
    return Answer(201, shown | {"creator": call.shapes.user(call.login)})


ROUTES: list[Route] = [
    ("GET", "/pulls", list_pulls),
    ("POST", "/pulls", create_pull),
    ("GET", "/pulls/{number}", get_pull),
    ("PATCH", "/pulls/{number}", update_pull),
    ("GET", "/pulls/{number}/commits", list_pull_commits),
    ("GET", "/pulls/{number}/reviews", list_reviews),
    ("POST", "/pulls/{number}/reviews", create_review),
    ("GET", "/pulls/{number}/merge", is_merged),
    ("PUT", "/pulls/{number}/merge", merge_pull),
    ("GET", "/commits/{ref}/check-runs", list_check_runs),
    ("GET", "/commits/{ref}/status", get_combined_status),
    ("POST", "/statuses/{ref}", create_status),
]
