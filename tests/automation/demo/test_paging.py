from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

NEXT = re.compile(r'<([^>]+)>; rel="next"')


def walk(api, path, **params):
    """Follow `next` to the end; the pages."""
    answer = api.ask("GET", path, params=params)
    pages = [answer.json()]
    while found := NEXT.search(answer.headers.get("Link", "")):
        answer = api.ask("GET", found[1])
        pages.append(answer.json())
    return pages


def test_following_next_shows_each_issue_once(hub, api):
    for number in range(7):
        hub.create_issue("acme/calc", f"issue {number}")
    pages = walk(api, "/issues", per_page=3, state="all", sort="updated", direction="asc")
    assert [[issue["number"] for issue in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]


def test_links_name_the_repository_by_its_id_and_keep_the_query(hub, api):
    for number in range(5):
        hub.create_issue("acme/calc", f"issue {number}")
    link = api.ask("GET", "/issues", params={"per_page": 2, "page": 2, "state": "all"}).headers["Link"]
    found = re.findall(r"<([^>]+)>; rel=\"(\w+)\"", link)
    pages = {relation: dict(parse_qsl(urlsplit(url).query)) for url, relation in found}
    assert {relation: query["page"] for relation, query in pages.items()} == {
        "prev": "1",
        "next": "3",
        "last": "3",
        "first": "1",
    }
    assert {(query["per_page"], query["state"]) for query in pages.values()} == {("2", "all")}
    assert f"/repositories/{hub.repository('acme/calc').id}/issues?" in link
    assert "Link" not in api.ask("GET", "/issues", params={"per_page": 5}).headers


def test_a_page_holds_thirty_by_default_and_a_hundred_at_most(hub, api):
    for number in range(120):
        hub.create_issue("acme/calc", f"issue {number}")
    assert len(api.ask("GET", "/issues").json()) == 30
    assert [len(page) for page in walk(api, "/issues", per_page=100)] == [100, 20]
    assert api.ask("GET", "/issues", params={"page": 9}).json() == []
    assert len(api.ask("GET", "/issues", params={"per_page": 500}).json()) == 100


def test_ten_thousand_issues_are_a_hundred_requests_and_sorted_once(hub, api):
    for number in range(10_000):
        hub.create_issue("acme/calc", f"issue {number}", "body", ["bug"])
    query = {"per_page": 100, "state": "open", "sort": "updated", "direction": "asc"}
    pages = walk(api, "/issues", **query)
    assert sorted(issue["number"] for page in pages for issue in page) == list(range(1, 10_001))
    assert len(hub.requests) == 100
    [(_, listing)] = hub.repository("acme/calc").listings.values()
    api.ask("GET", "/issues", params=query | {"page": 50})
    assert [kept is listing for _, kept in hub.repository("acme/calc").listings.values()] == [True]
    hub.requests.clear()
