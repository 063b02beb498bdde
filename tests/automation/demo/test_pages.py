from __future__ import annotations

import requests

HOSTILE = "<script>alert(1)</script>"


def page(hub, path):
    answer = requests.get(hub.web_url + path, timeout=10)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    return answer


def test_an_issue_has_a_plain_page_where_nothing_is_markup(hub):
    hub.create_issue("acme/calc", f"title {HOSTILE}", f"body {HOSTILE}", [f"l{HOSTILE}"])
    hub.comment("acme/calc", 1, f"comment {HOSTILE}")
    shown = page(hub, "/acme/calc/issues/1").text
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 5


def test_a_pull_request_shows_its_state_commits_and_diff(hub, api, branch):
    branch(text=f"{HOSTILE}\n", message=f"Add {HOSTILE}")
    api.ask("POST", "/pulls", json={"title": "News", "head": "feature/issue-1", "base": "main"})
    shown = page(hub, "/acme/calc/pull/1").text
    assert "+&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "merged" not in shown
    hub.merge("acme/calc", 1)
    assert '<span class="state">merged</span>' in page(hub, "/acme/calc/pull/1").text
    assert "/acme/calc/pull/1" in page(hub, "/acme/calc").text
    assert "acme/calc" in page(hub, "/").text


def test_what_is_not_there_is_not_found(hub):
    for path in ("/acme/calc/issues/9", "/acme/missing", "/robots.txt"):
        assert page(hub, path).status_code == 404
