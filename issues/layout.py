"""What a path alone tells: source, test or configuration, and where its tests and types usually lie."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

CONFIGS = (
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "package.json",
    "tsconfig.json",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "Gemfile",
    "composer.json",
    "Makefile",
    "CONTRIBUTING.md",
)
_SOURCE_SUFFIX = (
    r"\.(?i:py[ix]?|[mc]?[jt]sx?|vue|svelte|go|rs|java|kts?|scala|groovy|rb|php|c|h|cc|[ch]pp|cxx|cs|fs|vb|swift|mm?|dart"
    r"|exs?|erl|hs|ml|clj[cs]?|lua|pl|r|jl|nim|zig|cr|sh|bash|ps1|sql|graphql|proto|feature)$"
)
_SOURCE = re.compile(_SOURCE_SUFFIX)
_DOCUMENT = re.compile(
    r"(?i)\.(?:html?|s?css|sass|less|json|ya?ml|toml|ini|cfg|conf|xml|md|rst|txt|j2|jinja|tmpl|tf|gradle|lock|csv|ipynb"
    r"|env)$"
)
_PLAIN = re.compile(r"(?:Make|Docker|Proc|Rake|Gem|Jenkins)file$")
_TEST_NAME = re.compile(
    r"^(?:(?i:tests?|test[_-].+|.+[._-](?:tests?|spec|unittest))"  # tests.py, test_a.py, a_test.go, a.spec.ts
    rf"|[A-Za-z0-9_]+(?:Tests?|TestCase|Spec|IT)){_SOURCE_SUFFIX}"  # UserTest.java, UserTests.cs, UserSpec.scala
)
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "testing", "spec", "specs", "e2e"})
_NO_TEST_BY_ITSELF = frozenset(
    {"__init__.py", "conftest.py", "spec_helper.rb", "rails_helper.rb", "test_helper.rb"}
)
_ALWAYS_TESTS = (".t", ".bats")
_FOREIGN_FOLDERS = frozenset({"node_modules", "vendor", "third_party", "site-packages", ".venv", "venv"})
_TYPESCRIPT = re.compile(r"\.[mc]?tsx?$")


def is_source(path: str) -> bool:
    return _SOURCE.search(path) is not None


def is_file_name(name: str) -> bool:
    """Whether a word in prose names a file of a kind that repositories hold."""
    return bool(_SOURCE.search(name) or _DOCUMENT.search(name) or _PLAIN.match(name))


def is_test(path: str) -> bool:
    """Whether the file at `path` looks like a test, by the usual names of many languages."""
    *folders, name = path.split("/")
    if _is_foreign(path) or name in _NO_TEST_BY_ITSELF:
        return False
    if name.endswith(_ALWAYS_TESTS) or _TEST_NAME.search(name):
        return True
    return is_source(name) and not _TEST_FOLDERS.isdisjoint(folder.lower() for folder in folders)


def has_tests(paths: Iterable[str]) -> bool:
    """Whether there are tests. Rust keeps them beside the code they test."""
    return any(is_test(path) or (path.endswith(".rs") and not _is_foreign(path)) for path in paths)


def is_typescript(path: str) -> bool:
    return _TYPESCRIPT.search(path) is not None


def test_names(path: str) -> tuple[str, ...]:
    """Names under which the tests of `path` usually go; those of a package's `__init__` go by the package."""
    file = PurePosixPath(path)
    stem, suffix = file.stem, file.suffix
    if stem in {"__init__", "index", "mod", "lib"} and file.parent.name:
        stem = file.parent.name
    return (
        f"test_{stem}{suffix}",
        f"{stem}_test{suffix}",
        f"{stem}.test{suffix}",
        f"{stem}.spec{suffix}",
        f"{stem}_spec{suffix}",
        f"{stem}Test{suffix}",
        f"{stem}.test.ts",
        f"{stem}.test.tsx",
    )


def type_names(path: str) -> tuple[str, ...]:
    """Names under which the types that `path` uses usually go, beside it or in a folder `types`."""
    stem = PurePosixPath(path).stem
    return (
        f"{stem}.d.ts",
        f"{stem}.types.ts",
        "types.ts",
        "types.d.ts",
        f"types/{stem}.ts",
        "types/index.ts",
    )


def _is_foreign(path: str) -> bool:
    """Whether it lies in a folder of other people's code."""
    return not _FOREIGN_FOLDERS.isdisjoint(path.split("/")[:-1])
