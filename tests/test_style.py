"""The house rules that no linter knows, held against every Python file, and each rule against a file that breaks it."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"config", "projects", "issues", "verification", "automation", "templates", "tests", "docs"}
LONGEST = 300
FORBIDDEN_NAMES = {"utils", "helpers", "common", "services", "managers", "misc"}
OWNER_OF_THE_POLICY = "automation/pipeline.py"
EVERYTHING = {"Exception", "BaseException"}


def tracked():
    if not (ROOT / ".git").exists():
        pytest.skip("Only a checkout knows which files are ours.")
    line = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    names = subprocess.run(line, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).exists()]


def is_product(path):
    return not path.startswith("tests/")


def is_short(path, text):
    return "/migrations/" in path or text.count("\n") <= LONGEST


def says_what_it_is_for(path, text):
    is_exempt = not is_product(path) or "/migrations/" in path or (path.endswith("__init__.py") and not text)
    return is_exempt or bool(ast.get_docstring(ast.parse(text)))


def has_a_telling_name(path, text):
    return FORBIDDEN_NAMES.isdisjoint(path.removesuffix(".py").split("/"))


def imports_by_full_names(path, text):
    return not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(ast.parse(text)))


def catches_what_it_names(path, text):
    return path == OWNER_OF_THE_POLICY or not any(map(_catches_everything, ast.walk(ast.parse(text))))


def imports_at_the_top(path, text):
    """AppConfig.ready may not: models are loaded only when it is called."""
    functions = (
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not (path.endswith("/apps.py") and node.name == "ready")
    )
    inner = (node for function in functions for node in ast.walk(function))
    return not is_product(path) or not any(isinstance(node, ast.Import | ast.ImportFrom) for node in inner)


def _catches_everything(node):
    match node:
        case ast.ExceptHandler(type=None):
            return True
        case ast.ExceptHandler(type=caught):
            named = [caught]
        case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=named):
            pass
        case _:
            return False
    return any(getattr(name, "id", "") in EVERYTHING for each in named for name in ast.walk(each))


RULES = [
    is_short,
    says_what_it_is_for,
    has_a_telling_name,
    imports_by_full_names,
    catches_what_it_names,
    imports_at_the_top,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_python_file_keeps_the_rule(rule):
    paths = [path for path in tracked() if path.endswith(".py")]
    assert OWNER_OF_THE_POLICY in paths
    assert [path for path in paths if not rule(path, (ROOT / path).read_text(encoding="utf-8"))] == []


def test_there_are_no_other_folders():
    assert {path.split("/")[0] for path in tracked() if "/" in path and path[0] != "."} <= FOLDERS


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (is_short, "tests/test_a.py", "x = 1\n" * 301),
        (says_what_it_is_for, "issues/a.py", "x = 1\n"),
        (says_what_it_is_for, "issues/models/__init__.py", "x = 1\n"),
        (has_a_telling_name, "issues/utils.py", ""),
        (has_a_telling_name, "automation/services/a.py", ""),
        (imports_by_full_names, "issues/a.py", "from . import b"),
        (imports_by_full_names, "tests/issues/a.py", "def f():\n    from ..b import c"),
        (catches_what_it_names, "issues/a.py", "try:\n    f()\nexcept Exception:\n    pass"),
        (catches_what_it_names, "issues/a.py", "try:\n    f()\nexcept:\n    pass"),
        (catches_what_it_names, "issues/a.py", "try:\n    f()\nexcept (OSError, BaseException):\n    pass"),
        (catches_what_it_names, "issues/a.py", "with contextlib.suppress(Exception):\n    f()"),
        (imports_at_the_top, "issues/a.py", "class A:\n    def ready(self):\n        import b"),
        (imports_at_the_top, "issues/apps.py", "async def f():\n    from b import c"),
    ],
)
def test_a_file_that_breaks_the_rule_is_found(rule, path, text):
    assert not rule(path, text)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (is_short, "issues/migrations/0001_initial.py", "x = 1\n" * 301),
        (is_short, "issues/a.py", "x = 1\n" * 300),
        (says_what_it_is_for, "issues/__init__.py", ""),
        (says_what_it_is_for, "manage.py", '#!/usr/bin/env python\n"""Runs commands."""'),
        (catches_what_it_names, "issues/a.py", "try:\n    f()\nexcept (OSError, ValueError):\n    raise"),
        (catches_what_it_names, OWNER_OF_THE_POLICY, "try:\n    f()\nexcept Exception:\n    pass"),
        (imports_at_the_top, "issues/apps.py", "class A:\n    def ready(self):\n        import b"),
        (imports_at_the_top, "issues/a.py", "try:\n    import b\nexcept ImportError:\n    b = None"),
        (imports_at_the_top, "tests/a.py", "def f():\n    import b"),
    ],
)
def test_a_file_that_may_do_so_is_left_alone(rule, path, text):
    assert rule(path, text)
