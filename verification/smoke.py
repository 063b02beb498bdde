"""The smoke check of a project that names none: changed files of languages with a parser at hand do parse."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

PARSED = (".py", ".json")
# Broken on purpose, filled in later, or JSON with comments: not parsing says nothing about these.
LEFT_OUT_FOLDERS = frozenset(
    {"fixtures", "testdata", "test_data", "data", "templates", "snapshots", "vendor"}
)
LEFT_OUT_NAMES = ("tsconfig", "jsconfig", "devcontainer", "turbo", "api-extractor", ".")
LONGEST_COMMAND = 60_000  # bytes; Linux refuses a single argument above 128 KiB

PROGRAM = """
import json, pathlib, sys
failed = 0
for name in sys.argv[1:]:
    path = pathlib.Path(name)
    if not path.is_file():
        continue
    try:
        if name.endswith(".py"):
            compile(path.read_bytes(), name, "exec")
        else:
            json.loads(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        failed += 1
        print(f"{name}: {type(error).__name__}: {error}")
print(f"{len(sys.argv) - 1} changed files looked at, {failed} do not parse.")
sys.exit(failed > 0)
"""


def parse_command(paths: Sequence[str]) -> str:
    """A shell line that fails when one of `paths` does not parse; empty when none of them can be parsed here.

    It writes nothing and runs nothing of the commit. What would make the line too long is left out.
    """
    quoted = []
    room = LONGEST_COMMAND
    for path in paths:
        word = shlex.quote(path)
        room -= len(word.encode(errors="replace")) + 1
        if room < 0:
            break
        if _is_parsed(path):
            quoted.append(word)
    return f"python3 -W ignore -c {shlex.quote(PROGRAM)} {' '.join(quoted)}" if quoted else ""


def _is_parsed(path: str) -> bool:
    *folders, name = path.split("/")
    return (
        name.endswith(PARSED)
        and not name.startswith(LEFT_OUT_NAMES)
        and not any(
            folder in LEFT_OUT_FOLDERS or folder.startswith(".") or "{" in folder for folder in folders
        )
    )
