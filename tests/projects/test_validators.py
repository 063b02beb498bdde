"""What people may type as a repository, a branch or an issue filter."""

from __future__ import annotations

import subprocess

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.validators import (
    check_texts,
    validate_branch,
    validate_custom_checks,
    validate_issue_filter,
    validate_labels,
    validate_repo,
)


@pytest.mark.parametrize("repo", ["octocat/hello-world", "a/b", "Some-Org/.github", "a_b/x.y_z", "a/..."])
def test_an_owner_and_a_name_are_a_repository(repo):
    validate_repo(repo)


@pytest.mark.parametrize(
    "repo",
    [
        "",
        "octocat",
        "octocat/",
        "/hello",
        "https://github.com/octocat/hello",
        "octocat/hello/issues",
        "octocat/hello.git",
        "octocat/hello.GIT",
        "octocat/..",
        "../..",
        "octocat/.",
        "-x/hello",
        "octocat/hello world",
        "octocat/hello\n",
        "octocat/hellö",
        "o" * 40 + "/x",
        "o/" + "x" * 101,
    ],
)
def test_anything_else_is_refused_with_an_example(repo):
    with pytest.raises(ValidationError, match="octocat/hello-world"):
        validate_repo(repo)


@pytest.mark.parametrize("branch", ["main", "release/1.0", "feature/issue-7", "🚀/größe", "a@b", "x.y"])
def test_a_name_that_git_allows_is_a_branch(branch):
    validate_branch(branch)


@pytest.mark.parametrize(
    "branch",
    [
        "",
        "@",
        "HEAD",
        "-x",
        "--upload-pack=x",
        "/a",
        "a/",
        "a//b",
        "a..b",
        "a b",
        "a\nb",
        "a.lock",
        "a.lock/b",
    ]
    + [
        ".a",
        "a/.b",
        "a.",
        "a@{1}",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[b",
        "a\\b",
        "a\x7f",
        "a\ud800",
        "ä" * 121,
    ],
)
def test_a_name_that_git_or_a_command_line_would_misread_is_refused(branch):
    with pytest.raises(ValidationError):
        validate_branch(branch)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab/.@{}-~^:?*[\\ \t\x7f🚀lock"), min_size=1, max_size=8))
def test_git_accepts_every_branch_that_we_accept(branch):
    try:
        validate_branch(branch)
    except ValidationError:
        return
    answer = subprocess.run(["git", "check-ref-format", "--branch", branch], capture_output=True, check=False)
    assert answer.returncode == 0


@pytest.mark.parametrize(
    "issue_filter",
    [{}, {"labels": []}, {"labels": ["bug", "good first issue"], "exclude_labels": ["wip"]}]
    + [{"assignees": ["octocat"], "milestones": ["v1"]}],
)
def test_an_issue_filter_holds_lists_of_names(issue_filter):
    validate_issue_filter(issue_filter)


@pytest.mark.parametrize(
    "issue_filter", [None, [], "bug", {"labels": "bug"}, {"labels": [""]}, {"labels": [" "]}, {"labels": [1]}]
)
def test_an_issue_filter_of_another_form_is_refused(issue_filter):
    with pytest.raises(ValidationError):
        validate_issue_filter(issue_filter)


def test_a_misspelt_filter_key_is_named_because_it_would_otherwise_filter_nothing():
    with pytest.raises(ValidationError, match="does not know 1, label: it knows labels"):
        validate_issue_filter({"label": ["bug"], 1: []})


@pytest.mark.parametrize("labels", ["bug", None, [""], [1], {"bug": 1}])
def test_labels_are_a_list_of_names(labels):
    validate_labels([])
    validate_labels(["bug", "good first issue"])
    with pytest.raises(ValidationError):
        validate_labels(labels)


@pytest.mark.parametrize(
    "checks",
    ["make", {"name": "a", "command": "b"}, ["make"], [{"name": "a"}], [{"name": "a", "command": ""}]]
    + [[{"name": "a", "command": "b", "x": "c"}], [{"name": "a", "command": 1}]],
)
def test_custom_checks_are_a_list_of_names_with_commands(checks):
    validate_custom_checks([])
    validate_custom_checks([{"name": "licences", "command": "make licences"}])
    with pytest.raises(ValidationError):
        validate_custom_checks(checks)


@pytest.mark.parametrize("other", ["own rules", "Own Rules", " own  rules", "own-rules"])
def test_two_custom_checks_of_one_name_are_refused(other):
    with pytest.raises(ValidationError, match="name of its own"):
        validate_custom_checks([{"name": "own rules", "command": "b"}, {"name": other, "command": "c"}])


@pytest.mark.parametrize(
    "name", ["lint", " Lint ", "type_check", "Type check", "TYPE-CHECK", "guard", "custom"]
)
def test_a_custom_check_bears_no_name_of_a_built_in_one(name):
    with pytest.raises(ValidationError, match="name of a built-in check"):
        validate_custom_checks([{"name": "licences", "command": "a"}, {"name": name, "command": "b"}])
    validate_custom_checks([{"name": f"my {name}", "command": "b"}])


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u200b", "\u200f", "\ufeff", "\x07", "\u2028", "\U000e0041", "\xad"]
)
@pytest.mark.parametrize("shape", [str, lambda text: [text], lambda text: {"labels": [text]}])
def test_what_nobody_can_see_is_refused_by_its_number(hidden, shape):
    with pytest.raises(ValidationError) as refused:
        check_texts({"name": shape(f"pay{hidden}ments"), "agent_model": "fine"})
    assert list(refused.value.message_dict) == ["name"]
    assert f"U+{ord(hidden):04X}" in refused.value.messages[0]


@pytest.mark.parametrize(
    "text", ["Zahlungen für Käufer", "مدفوعات", "תשלומים", "支払い", "make lint\n\tmake test", "🚀"]
)
def test_what_people_write_is_taken(text):
    check_texts({"name": text, "skip_labels": [text]})


@pytest.mark.parametrize("value", ["x" * 20_001, ["x" * 20_001], {"labels": ["x"] * 9_000}])
def test_too_long_a_text_is_refused_with_its_length(value):
    with pytest.raises(ValidationError, match="at most 20,000"):
        check_texts({"setup_command": value})
