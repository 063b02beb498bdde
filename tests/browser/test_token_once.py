"""In a real browser: a double click makes one token and shows it, and a reload of that page makes no second one."""

from __future__ import annotations

import pytest

from projects.models import ApiToken
from tests.browser.watching import launched
from tests.factories import create_superuser

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "a long pass phrase"


def test_a_double_click_and_a_reload_make_one_token(live_server):
    create_superuser(username="root", password=PASSWORD)
    with launched() as browser:
        page = browser.new_page()
        page.goto(f"{live_server.url.replace('localhost', '127.0.0.1')}/admin/projects/apitoken/add/")
        page.fill("#id_username", "root")
        page.fill("#id_password", PASSWORD)
        page.get_by_role("button", name="Log in").first.click()
        page.fill("#id_name", "ci")
        box = page.locator("input[name=_save]").bounding_box()
        for _ in range(2):  # as slowly as a hand: by then the first click's form is on its way
            page.mouse.click(box["x"] + 9, box["y"] + 9)
            page.wait_for_timeout(40)
        page.wait_for_selector("#token")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            cut = "box => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight"
            assert not page.eval_on_selector("#token", cut), f"The token is cut off at {width} px."
        assert ApiToken.digest(page.input_value("#token")) == ApiToken.objects.get().token_hash
        page.reload()
        assert "has made its token already" in page.content()
    assert ApiToken.objects.count() == 1
