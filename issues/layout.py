"""What a path alone tells: source, test or configuration, and where its tests and types usually lie."""

from __future__ import annotations

import re
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
_SOURCE = re.compile(
    r"(?i)\.(?:py[ix]?|[mc]?[jt]sx?|vue|svelte|go|rs|java|kts?|scala|rb|php|c|h|cc|[ch]pp|cs|fs|swift|mm?|dart|exs?|erl"
    r"|hs|ml|clj|lua|pl|r|jl|sh|bash|sql|graphql|proto)$"
)
_DOCUMENT = re.compile(
    r"(?i)\.(?:html?|s?css|sass|less|json|ya?ml|toml|ini|cfg|conf|xml|md|rst|txt|j2|jinja|tmpl|tf|gradle|lock|csv|ipynb"
    r"|env)$"
)
_PLAIN = re.compile(r"(?:Make|Docker|Proc|Rake|Gem|Jenkins)file$")
_TEST_NAME = re.compile(r"^(?:(?i:test_.+|tests?|.+[._](?:test|spec))|.+Tests?)\.\w+$")
_TEST_FOLDER = re.compile(r"(?:^|/)(?:tests?|__tests__|spec)/")
_TYPESCRIPT = re.compile(r"\.[mc]?tsx?$")


def is_source(path: str) -> bool:
    return _SOURCE.search(path) is not None


def is_file_name(name: str) -> bool:
    """Whether a word in prose names a file of a kind that repositories hold."""
    return bool(_SOURCE.search(name) or _DOCUMENT.search(name) or _PLAIN.match(name))


def is_test(path: str) -> bool:
    """Whether the file at `path` is source that a test runner would look at."""
    if not is_source(path):
        return False
    return _TEST_FOLDER.search(path) is not None or _TEST_NAME.match(path.rpartition("/")[2]) is not None


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
