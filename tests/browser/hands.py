"""Two ways to use a page: with a mouse, and with nothing but the keyboard."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

FARTHEST = 200


class Mouse:
    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)

    def tick(self, target: Locator) -> None:
        target.check()


class Keyboard:
    """Tab moves, Enter presses, Space ticks, letters choose. Nothing is focused or clicked by script."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, target: Locator) -> None:
        self._reach(target)
        self.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        self.page.keyboard.type(text)

    def choose(self, target: Locator, label: str) -> None:
        self._reach(target)
        self.page.keyboard.type(label)

    def tick(self, target: Locator) -> None:
        """Of a group of radio buttons only the chosen one can be tabbed to; arrows move within it."""
        if target.get_attribute("type") == "checkbox":
            self._reach(target)
            self.page.keyboard.press("Space")
        else:
            self._reach(target.page.locator("input[type=radio]:checked"))
            self.page.keyboard.press("ArrowDown")
        assert target.is_checked()

    def _reach(self, target: Locator) -> None:
        target.wait_for()
        for _ in range(FARTHEST):
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate("e => e.matches(':focus-visible')"), "the focus cannot be seen"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {target}")
