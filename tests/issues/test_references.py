"""What is read out of an issue's text, and what reading a hostile one costs."""

from __future__ import annotations

import time

import pytest

from issues.references import ERRORS, PATHS, SYMBOLS, extract

MEGABYTE = 1_000_000
HOSTILE = {
    "one word": "a" * MEGABYTE,
    "dots": "a." * (MEGABYTE // 2),
    "parents": "../" * (MEGABYTE // 3),
    "folders": "a/" * (MEGABYTE // 2),
    "files": " ".join(f"f{number}.py" for number in range(100_000)),
    "names": "abc_d " * (MEGABYTE // 6),
    "backticks": "`abc`" * (MEGABYTE // 5),
    "addresses": "http://a/blob/" * (MEGABYTE // 14),
    "errors": "error x\n" * (MEGABYTE // 8),
    "almost errors": ("a" + "." * 390 + "error\n") * (MEGABYTE // 397),
    "indented": (" " * 390 + "error\n") * (MEGABYTE // 396),
    "newlines": "\n" * MEGABYTE,
}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("see `src/auth/login.py:42`.", ["src/auth/login.py"]),
        ('File "/usr/app/src/foo.py", line 12', ["usr/app/src/foo.py"]),
        ("./a.ts and ../../b.tsx, (c.go)", ["a.ts", "b.tsx", "c.go"]),
        (r"C:\work\src\main.rs", ["work/src/main.rs"]),
        ("https://github.com/o/r/blob/main/lib/x.go#L3-L9", ["lib/x.go"]),
        ("https://example.com/index.html", []),
        ("Node.js 18.2, e.g. version 1.2.3 at example.com...", []),
        ("the Makefile and app/Dockerfile", ["Makefile", "app/Dockerfile"]),
        ("login.py, then login.py again", ["login.py"]),
        ("größe/übung.py", ["größe/übung.py"]),
    ],
)
def test_paths_are_found(text, paths):
    assert list(extract(text).paths) == paths


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("refresh_token of UserStore fails", ["refresh_token", "UserStore"]),
        ("calling parse() or `Flow` breaks", ["parse", "Flow"]),
        ("my_app/user_login.py breaks log_in", ["log_in"]),
        ("Just plain English, with print(x) and a-b", []),
        ("__init__ alone is not told apart from a word", []),
    ],
)
def test_names_that_can_only_be_code_are_found(text, symbols):
    assert list(extract(text).symbols) == symbols


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("    ValueError: token has expired", "ValueError: token has expired"),
        ("E       AssertionError: assert 1 == 2", "AssertionError: assert 1 == 2"),
        ("Uncaught TypeError: x is undefined", "TypeError: x is undefined"),
        ("requests.exceptions.ReadTimeoutError: slow", "requests.exceptions.ReadTimeoutError: slow"),
        ("src/index.ts(3,4): error TS2345: Argument", "error TS2345: Argument"),
        ("main.c:3:4: error: expected ;", "error: expected ;"),
        ("> panic: index out of range", "panic: index out of range"),
        ("thread 'main' panicked at src/main.rs", "panicked at src/main.rs"),
    ],
)
def test_lines_of_errors_are_found(line, error):
    assert extract(f"It says:\n{line}\nand stops.").errors == (error,)


def test_prose_about_errors_is_none():
    assert extract("Why is there an error in here? It has many errors.").errors == ()


def test_each_kind_is_capped():
    found = extract("\n".join(f"Error{n}Error: f_{n} in f{n}.py" for n in range(1000)))
    assert (len(found.paths), len(found.symbols), len(found.errors)) == (PATHS, SYMBOLS, ERRORS)


def test_what_lies_beyond_the_longest_issue_is_not_read():
    assert extract("x " * 70_000 + "a.py").paths == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_costs_little(name):
    began = time.process_time()
    extract(HOSTILE[name])
    assert time.process_time() - began < 3  # about 0.05 on a quiet machine; quadratic ways take minutes
