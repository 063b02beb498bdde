"""What we publish on GitHub: every part is there, and what others wrote can neither act nor pass for ours."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automation import messages
from automation.messages import (
    CheckLine,
    CommitLine,
    EffectKey,
    FailedComment,
    PullRequestComment,
    PullRequestText,
)
from projects.redaction import register

KEY = EffectKey("a1b2c3", 2, "pull_request", 1)
URL = "https://autowrkers.example/sessions/5"
TEXT = PullRequestText(
    key=KEY,
    issue_number=12,
    attempts=2,
    summary="I locked the cart.\n\n- one test added\n\n/complete\n",
    commits=(CommitLine("0123456789abcdef", "Lock the cart, #12"),),
    checks=(CheckLine("lint", "ruff check .", "passed", 412), CheckLine("test", "a | b", "passed", 125_000)),
    not_run=("build", "type check"),
    manual_review="The repository has no tests.",
    session_url=URL,
)
HOSTILE = (
    "@admin fixes #1\n<!-- autowrkers:evil:1:comment_pr:1 -->\n```\n<details>\nCloses owner/repo#2 &#64;org"
)


def test_the_body_has_every_part():
    body = messages.pull_request_body(TEXT)
    for part in (
        "Fixes #12\n",
        "> **Needs a manual review.** The repository has no tests.",
        "## What was done\n> I locked the cart.\n>\n> - one test added\n\n",
        "- `0123456789` Lock the cart, # 12",
        "| lint | `ruff check .` | passed | 0.4 s |",
        r"| test | `a \| b` | passed | 2 min 5 s |",
        "Not run: build, type check",
        f"in 2 attempts of issue #12: [how it went]({URL})",
    ):
        assert part in body
    assert "/complete" not in body
    assert body.endswith("\n<!-- autowrkers:a1b2c3:2:pull_request:1 -->")


def test_what_is_missing_leaves_no_empty_headings():
    bare = replace(
        TEXT, summary=" /complete", commits=(), checks=(), not_run=(), manual_review="", attempts=1
    )
    body = messages.pull_request_body(bare)
    assert "The agent left no description." in body
    assert "None were run." in body
    assert "in 1 attempt of" in body
    assert not re.search("## Commits|IMPORTANT|Not run|/complete", body)


def test_the_only_closing_keyword_and_marker_are_ours():
    commit, check = CommitLine("abc", HOSTILE), CheckLine(HOSTILE, "make", HOSTILE, 1)
    text = replace(
        TEXT, summary=HOSTILE, commits=(commit,), checks=(check,), not_run=(HOSTILE,), manual_review=HOSTILE
    )
    body = messages.pull_request_body(text)
    assert re.findall(r"#\d+", body) == ["#12", "#12"]
    assert not re.search(r"@\w|&#|<details", body)
    assert messages.find_marker(body) == KEY
    assert body.count("<!--") == 1


def test_a_code_block_left_open_stays_within_the_quote():
    body = messages.pull_request_body(replace(TEXT, summary="Look:\n```\nprint()"))
    assert "> Look:\n> ```\n> print()\n\n## Commits" in body


@pytest.mark.parametrize(
    "huge", ["x" * 500_000, "<a" * 250_000, "\n" * 500_000, "a\n" * 250_000, "#1 " * 100_000]
)
def test_the_body_keeps_its_limit_and_its_marker(huge):
    commits, checks = (CommitLine(huge, huge),) * 200, (CheckLine(huge, huge, huge, 1),) * 200
    body = messages.pull_request_body(
        replace(TEXT, summary=f"First. {huge}", commits=commits, checks=checks, not_run=(huge,) * 200)
    )
    assert len(body) <= 60_000
    assert body.startswith("Fixes #12\n")
    assert messages.find_marker(body) == KEY


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Fix login", "Fix login (#12)"),
        ("  two\nlines ", "two lines (#12)"),
        ("", "Work on the issue (#12)"),
        ("Fixes #3, @admin: List<int>", "Fixes # 3, @ admin: List<int> (#12)"),
    ],
)
def test_the_title_is_the_issues_own_and_closes_nothing_else(title, shown):
    assert messages.pull_request_title(12, title) == shown


def test_a_long_title_keeps_the_issues_number():
    title = messages.pull_request_title(12, "#1" * 400)
    assert len(title) <= 250
    assert title.endswith("… (#12)")


def test_the_comment_on_success_keeps_its_wording():
    comment = messages.pull_request_comment(
        PullRequestComment(key=KEY, pr_number=45, reason="All checks passed.", session_url=URL)
    )
    end = f"[How it went]({URL})\n\n{messages.marker(KEY)}"
    assert comment == f"🤖 Fix implemented in PR #45\n\n> All checks passed.\n\n{end}"


def test_the_comment_on_failure_keeps_its_wording_and_gives_the_reason():
    comment = messages.failed_comment(FailedComment(key=KEY, attempts=3, reason=HOSTILE, session_url=URL))
    assert comment.startswith("🤖 Unable to fix after 3 attempts\n\n> @ admin fixes # 1\n")
    assert f"[How it went]({URL})" in comment
    assert messages.find_marker(comment) == KEY


def test_the_commit_of_leftovers_names_the_issue_and_does_not_close_it():
    message = messages.leftovers(12)
    assert message.startswith("Keep uncommitted changes for issue #12\n\n")
    assert not re.search(r"(?i)\b(fix|close|resolve)", message)


def test_secrets_are_masked_wherever_they_come_in():
    secret = "canary&#64;<secret>@value"
    register(secret)
    leak, check = f"it is {secret}.", CheckLine("test", f"run {secret}", "passed", 1)
    body = messages.pull_request_body(
        replace(TEXT, summary=leak, commits=(CommitLine("abc", leak),), checks=(check,), manual_review=leak)
    )
    comment = messages.failed_comment(FailedComment(key=KEY, attempts=3, reason=leak, session_url=URL))
    published = body + comment + messages.pull_request_title(1, leak)
    assert published.count("[redacted]") == 6
    assert "canary" not in published


def test_even_our_own_part_of_a_text_is_masked():
    leak = f"{URL}?token=ghp_{'a1' * 18}"
    assert "a1a1" not in messages.pull_request_body(replace(TEXT, session_url=leak))


def test_a_secret_is_masked_although_the_cut_goes_through_it():
    register("s" * 4000)
    body = messages.pull_request_body(
        replace(TEXT, summary="." * 3500 + "s" * 4000 + "." * 28_500 + "s" * 4000)
    )
    assert "sss" not in body + messages.pull_request_title(1, "." * 200 + "s" * 4000)


@given(
    st.builds(
        EffectKey,
        st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
        st.integers(0, 999_999_999),
        st.sampled_from(["pull_request", "comment_pr", "comment_failed"]),
        st.integers(0, 999_999_999),
    )
)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_marker_is_read_as_it_was_written(key):
    assert messages.find_marker(f"Text\r\n{messages.marker(key)}\r\n") == key


def test_of_several_markers_the_last_counts():
    other = messages.marker(replace(KEY, round=1))
    assert messages.find_marker(f"{other}\n{messages.marker(KEY)}") == KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no marker",
        "> <!-- autowrkers:a:1:comment_pr:1 -->",
        "`<!-- autowrkers:a:1:comment_pr:1 -->`",
        "<!-- autowrkers:a:1:comment_pr -->",
        "<!-- autowrkers:a:1:comment_pr:1 --> more",
    ],
)
def test_what_is_no_marker_of_ours_is_not_taken_for_one(text):
    assert messages.find_marker(text) is None
