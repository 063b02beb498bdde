"""What the documentation points at is there, and every picture is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pictures.shoot import LARGEST, PICTURES

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TARGET = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(text):
    targets = [found for found in TARGET.findall(text.read_text(encoding="utf-8")) if "://" not in found]
    assert [target for target in targets if not (text.parent / target).exists()] == []


def test_every_picture_is_shown_once_taken_and_small():
    shown = re.findall(r"pictures/([\w-]+)\.png", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(picture.name for picture in PICTURES)
    files = {path.stem: path.stat().st_size for path in (ROOT / "docs" / "pictures").glob("*.png")}
    assert set(files) == set(shown)
    assert [name for name, size in files.items() if size > LARGEST] == []
