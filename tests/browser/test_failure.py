"""Why a session failed: the end of the output is read before any scrolling, and no line of it is cut."""

from __future__ import annotations

import pytest

from tests.browser.watching import SIZES

BOX = """box => {
  const style = getComputedStyle(box);
  return [box.clientHeight / parseFloat(style.lineHeight), box.scrollHeight > box.clientHeight,
          box.getBoundingClientRect().bottom, innerHeight];
}"""


@pytest.mark.parametrize("size", SIZES)
def test_the_end_of_the_output_is_shown_in_whole_lines(visit, scene, size):
    page = visit("manager", size=SIZES[size]).page
    page.goto(f"/admin/session/{scene['failed']}/")
    lines, scrolls, bottom, screen = page.locator(".output.tail").evaluate(BOX)
    assert scrolls
    assert abs(lines - round(lines)) < 0.1
    assert size == "390" or (lines > 17 and bottom < screen)
