"""Commands stand in the documentation as their own parsers take them, and the README names each."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    ROOT / "README.md",
    *(ROOT / "docs" / name for name in ("operator.md", "manager.md", "integrator.md")),
]
LINE = re.compile(r"manage\.py ([a-z_]+(?: [^`\n#>&|()]*)?)")
OURS = sorted(name for name, app in get_commands().items() if app == "automation")
SAMPLES = {"SESSION": "1", "ISSUE": "1", "PROJECT": "1", "APP": "issues", "NUMBER": "0001", "N": "1"}


def written_in(text):
    for line in LINE.findall(text.read_text(encoding="utf-8")):
        name, *words = shlex.split(line.rstrip(" .,;:"))
        yield name, [SAMPLES.get(word, word) for word in words]


WRITTEN = [(text.name, name, words) for text in TEXTS for name, words in written_in(text)]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    WRITTEN,
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_every_command_of_the_documentation_is_understood(text, name, words):
    commands = get_commands()
    assert name in commands, f"{text} names {name}"
    command = load_command_class(commands[name], name)
    command.create_parser("manage.py", name).parse_args(words)


def test_the_readme_names_every_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in OURS if not re.search(rf"`{name}\b|manage\.py {name}\b", readme)] == []
