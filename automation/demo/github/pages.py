"""Plain web pages of a repository, its issues and pull requests. Text is shown escaped, never as markup."""

from __future__ import annotations

import re
from html import escape

from automation.demo.github.payloads import stamp
from automation.demo.github.state import Issue, Ledger, Pull, Repository

PAGE = re.compile(r"/(?P<name>[^/]+/[^/]+?)(?:/(?P<kind>issues|pull)/(?P<number>\d+))?/?")
SHELL = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f8fa; padding: .75rem }}
.state {{ background: #dff3e4; border-radius: 1rem; padding: .1rem .7rem }} .small {{ color: #59636e }}
</style></head><body><p class="small">GitHub stand-in on this machine: nothing here is on the internet.</p>
{content}</body></html>"""


def render(ledger: Ledger, path: str) -> str | None:
    """The page at a path, or None when there is none."""
    match = PAGE.fullmatch(path)
    repo = ledger.find(match["name"]) if match else None
    if path == "/":
        names = [repo.full_name for repo in ledger.repositories.values()]
        return _page(
            "Repositories", "<h1>Repositories</h1><ul>" + "".join(f"<li>{_link(n, '/' + n)}" for n in names)
        )
    if match is None or repo is None:
        return None
    if match["number"] is None:
        return _page(repo.full_name, _repository(repo))
    issue = repo.issues.get(int(match["number"]))
    return _page(f"{issue.title} #{issue.number}", _issue(repo, issue)) if issue else None


def _page(title: str, content: str) -> str:
    return SHELL.format(title=escape(title), content=content)


def _link(text: str, path: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


def _state(issue: Issue) -> str:
    return "merged" if issue.pull and issue.pull.merged_at else issue.state


def _repository(repo: Repository) -> str:
    rows = [f"<h1>{escape(repo.full_name)}</h1>"]
    for heading, pulls in (("Issues", False), ("Pull requests", True)):
        rows.append(f"<h2>{heading}</h2><ul>")
        for issue in list(repo.issues.values())[:500]:
            if bool(issue.pull) is pulls:
                path = f"/{repo.full_name}/{'pull' if pulls else 'issues'}/{issue.number}"
                link = _link(f"#{issue.number} {issue.title}", path)
                rows.append(f'<li>{link} <span class="state">{_state(issue)}</span>')
        rows.append("</ul>")
    return "\n".join(rows)


def _issue(repo: Repository, issue: Issue) -> str:
    labels = ", ".join(label.name for label in issue.labels)
    rows = [
        f"<p>{_link(repo.full_name, '/' + repo.full_name)}</p><h1>{escape(issue.title)} #{issue.number}</h1>",
        f'<p><span class="state">{_state(issue)}</span> {escape(labels)}</p>',
        _said(issue.author, stamp(issue.created_at), issue.body),
    ]
    if issue.pull:
        rows.append(_changes(repo, issue.pull))
    rows += [_said(comment.author, stamp(comment.created_at), comment.body) for comment in issue.comments]
    return "\n".join(rows)


def _said(author: str, at: str | None, text: str) -> str:
    return f'<p class="small">{escape(author)} wrote at {at}</p><pre>{escape(text)}</pre>'


def _changes(repo: Repository, pull: Pull) -> str:
    commits = repo.bare.commits(pull.base_sha, pull.head_sha)
    lines = "".join(
        f"<li>{commit.sha[:10]} {escape(commit.message.partition(chr(10))[0])}" for commit in commits
    )
    sides = f"<h2>{escape(pull.head_ref)} into {escape(pull.base_ref)}</h2>"
    return (
        f"{sides}<ul>{lines}</ul><pre>{escape(repo.bare.diff(pull.base_sha, pull.head_sha)[:200_000])}</pre>"
    )
