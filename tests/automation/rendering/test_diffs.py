"""Diffs as HTML: what changed is readable, and nothing in a name or a line can do or hide anything."""

from __future__ import annotations

import subprocess

import pytest

from automation.rendering import patches
from automation.rendering.diffs import mini_diff, render_patch
from projects import redaction


@pytest.fixture
def repository(tmp_path):
    """Gives `patch(change)`: what git says about a change of a small tree."""

    def git(*words):
        line = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "core.quotePath=false", *words]
        return subprocess.run(line, cwd=tmp_path, check=True, capture_output=True).stdout

    git("init", "-q")
    for name, text in {"a.py": "def add(a, b):\n    return a - b\n", "b.txt": "one\n" * 20}.items():
        (tmp_path / name).write_text(text)
    git("add", ".")
    git("commit", "-q", "-m", "first")

    def patch(change):
        change(tmp_path)
        git("add", "-A")
        return git("diff", "--cached", "-M")

    return patch


def test_a_change_has_line_numbers_signs_and_colours(repository):
    html = render_patch(repository(lambda at: (at / "a.py").write_text("def add(a, b):\n    return a + b\n")))
    assert "1 file changed" in html
    assert '<tr class="del"><td class="no">2</td><td class="no"></td><td class="sign">−</td>' in html
    assert '<tr class="add"><td class="no"></td><td class="no">2</td><td class="sign">+</td>' in html
    assert '<span class="tok-keyword">return</span> a + b' in html
    assert 'href="#file-1"' in html
    assert 'id="file-1"' in html


def test_what_is_special_about_a_file_is_said_in_words(repository):
    def change(at):
        (at / "b.txt").rename(at / "c.txt")
        (at / "a.py").unlink()
        (at / "new.sh").write_text("true\n")
        (at / "new.sh").chmod(0o755)
        (at / "link").symlink_to("c.txt")
        (at / "data.bin").write_bytes(bytes(range(256)) * 8)
        (at / "empty").write_text("")

    html = render_patch(repository(change))
    for words in (
        "renamed from b.txt",
        "deleted",
        "new file",
        "symbolic link",
        "binary or very large, not shown",
    ):
        assert words in html
    assert "6 files changed" in html
    assert "No newline at the end of the file" in html


def test_a_changed_mode_is_said(repository):
    html = render_patch(repository(lambda at: (at / "a.py").chmod(0o755)))
    assert "mode ordinary file, to executable file" in html


@pytest.mark.parametrize(
    "name", ['<script>"x".py', "tab\tname.py", "right\u202eyp.py", "naïve ünïcode.py", "a b/a b.py"]
)
def test_odd_names_are_shown_and_do_nothing(repository, name):
    def change(at):
        (at / name).parent.mkdir(exist_ok=True)
        (at / name).write_text("x = 1\n")

    html = render_patch(repository(change))
    assert "<script" not in html
    assert "\u202e" not in html
    assert "unnamed" not in html
    assert "could not be read" not in html


def test_hostile_content_is_inert_and_visible(repository):
    text = "<script>alert(1)</script>\n\u202egnp.exe\x1b[31m\u200b\nplain\rreturn\u2028next\n"
    html = render_patch(repository(lambda at: (at / "b.txt").write_text(text, newline="")))
    assert "<script" not in html
    assert "⟨U+202E⟩gnp.exe␛" in html
    assert "⟨U+200B⟩" in html
    assert not {"\u202e", "\x1b", "\u200b", "\r", "\u2028"} & set(html)


def test_invalid_bytes_and_nuls_do_not_break_it(repository):
    html = render_patch(repository(lambda at: (at / "b.txt").write_bytes(b"\xff\xfe caf\xe9\n")))
    assert "\ufffd" in html
    assert "\x00" not in render_patch(b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+\x00b\n")


def test_secrets_are_masked_in_lines_and_names(repository):
    token = "ghp_" + "a1" * 18
    redaction.register("hunter2-hunter2")
    html = render_patch(repository(lambda at: (at / f"{token}.txt").write_text(f"{token} hunter2-hunter2\n")))
    assert token not in html
    assert "hunter2" not in html
    assert redaction.MASK in html


def test_a_line_of_a_megabyte_is_cut(repository):
    html = render_patch(repository(lambda at: (at / "a.py").write_text("x" * 1_000_000 + "\n")))
    assert "[line cut]" in html
    assert len(html) < 10_000


def test_a_file_with_too_many_lines_is_counted_but_not_shown(repository):
    lines = patches.FILE_LINES + 10
    html = render_patch(repository(lambda at: (at / "new.py").write_text("x = 1\n" * lines)))
    assert "too large to show here" in html
    assert f"+{lines:,}" in html
    assert "<table" not in html


def test_ten_thousand_files_are_counted_and_the_first_ones_shown():
    one = "diff --git a/{0} b/{0}\nindex 1..2 100644\n--- a/{0}\n+++ b/{0}\n@@ -1 +1 @@\n-a\n+b\n"
    html = render_patch("".join(one.format(f"f{n}.py") for n in range(10_000)))
    assert "10,000 files changed" in html
    assert "9,700 more files are not shown" in html
    assert html.count("<section") == patches.FILES


@pytest.mark.parametrize(
    "nonsense", ["", "hello", "@@ -1 +1 @@\n+a", "diff --git a/x b/x\n@@ -1,9 +1,9 @@\n-a\n"]
)
def test_what_is_no_patch_is_no_error(nonsense):
    assert render_patch(nonsense)


def test_an_unfinished_hunk_is_said(repository):
    html = render_patch("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n")
    assert "could not be read" in html


def test_a_mini_diff_shows_changes_with_a_little_context():
    old = "".join(f"line {n}\n" for n in range(40))
    html = mini_diff(old, old.replace("line 20\n", "<b>new</b>\n"), path="notes.txt")
    assert "&lt;b&gt;new&lt;/b&gt;" in html
    assert ">line 20<" in html
    assert "line 10" not in html


def test_a_long_mini_diff_is_cut_and_says_so():
    html = mini_diff("", "x\n" * 5000)
    assert "Cut here" in html
    assert html.count("<tr") == 120
    assert "Cut here" not in mini_diff("a", "b")


def test_a_mini_diff_masks_secrets_before_it_cuts():
    token = "ghp_" + "a1" * 18
    assert "ghp_" not in mini_diff("", "x" * (20_000 - 10) + " " + token)


def test_a_string_that_stays_open_on_one_side_colours_only_that_side():
    html = mini_diff('x = """\n', "x = 1\n", path="a.py")
    assert '<span class="tok-number">1</span>' in html
