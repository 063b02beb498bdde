"""Bad addresses, query strings and bodies at every page of the site, taken from the URL configuration: a clear
refusal, and nothing changed.

A new address is covered by being there; one whose arguments are new fails until they are taught to `nonsense.paths`.
"""

from __future__ import annotations

import pytest
from django.test import Client

from tests.config.nonsense import (
    HUGE,
    LOGOUT,
    ROUTES,
    assert_clear,
    cases,
    dump,
    is_button,
    own_path,
    paths,
)
from tests.factories import create_superuser

pytestmark = [pytest.mark.django_db, pytest.mark.services]
REFUSALS = (302, 400, 403, 404, 405)
PASSED_OVER = {
    "admin/autocomplete/",
    "admin/login/",
    "",
    "healthz",
    "readyz",
}  # nothing is looked up or changed
SIGNED = ("webhooks/github", "webhooks/github/")  # taken by signature, and larger than a page's form
LONG = "x" * 6000
BAD_QUERIES = {
    "unknown": "no-such-parameter=1",
    "wrong type": "page=x&p=x&days=x&project=x&kind=7&after=x&tab=x&status=x&all=x&o=x&number=x",
    "huge": f"page={HUGE}&p={HUGE}&days={HUGE}&project={HUGE}&after={HUGE}&o={HUGE}&attempt={HUGE}&q=%23{HUGE}",
    "long": f"q={LONG}&text={LONG}&label={LONG}&project={LONG}",
    "nul": "q=a%00b&text=%00&status=%00&project=%00&page=%00&kind=%00",
    "nul in a name": "a%00b=1",
    "not utf-8": "q=%ff%fe&text=%c3%28&project=%ff&label=%ff",
    "reversing": "q=%E2%80%AEevil%E2%80%8B&text=%E2%80%AE&label=%E2%80%8B&project=%E2%80%AE",
    "surrogate": "q=%ed%a0%80&text=%ed%a0%80",
    "negative": "page=-1&p=-1&after=-1&project=-1&o=-1&limit=-1",
    "empty": "=&page=&p=&project=&kind=&tab=&status=&after=&days=&o=&q=&text=&label=",
    "repeated": "&".join(["page=1", "project=1", "kind=failed", "tab=log", "status=failed"] * 3),
    "stock error": "e=1",
    "stock lookups": "status__exact=zz&completed_at__gte=zz&pr_state__in=&since=zz&passed__exact=zz",
    "stock order": "o=zz.-zz.999.-&p=999999",
    "stock export": "_export=zz",
    "stock popup": "_popup=1&_to_field=secret",
}


@pytest.mark.parametrize(("kind", "routes"), cases(ROUTES, BAD_QUERIES), ids=list(BAD_QUERIES))
def test_no_query_string_breaks_a_page_or_changes_a_row(staff, world, kind, routes):
    before = dump()
    asked = [f"{own_path(world, route)}?{BAD_QUERIES[kind]}" for route in routes]
    assert_clear([(path, staff.get(path)) for path in asked])
    assert dump() == before


def test_every_page_refuses_a_parameter_that_it_does_not_know_by_name(staff, world):
    answers = {route: staff.get(own_path(world, route) + "?no-such-parameter=1") for route in ROUTES}
    taken = [route for route, answer in answers.items() if answer.status_code == 200]
    assert set(taken) <= PASSED_OVER
    unnamed = [
        route
        for route, answer in answers.items()
        if answer.status_code == 400 and b"no-such-parameter" not in answer.content
    ]
    assert unnamed == []


BAD_IDS = [HUGE, "0", "a%00b", "%ff", "-1", "x" * 3000, "_2F..", "%E2%80%AE"]


@pytest.mark.parametrize(
    ("pk", "routes"), cases([route for route in ROUTES if "<" in route], BAD_IDS, each=1), ids=BAD_IDS
)
def test_no_id_breaks_a_page(staff, world, pk, routes):
    before = dump()
    asked = [paths(route, pk) for route in routes]
    answers = [(f"{ask.__name__} {path}", ask(path)) for path in asked for ask in (staff.get, staff.post)]
    assert_clear(answers)
    unclear = [(what, answer.status_code) for what, answer in answers if answer.status_code not in REFUSALS]
    assert unclear == []
    assert dump() == before


def test_reading_a_changing_address_is_refused_and_changes_nothing(staff, world):
    before = dump()
    answers = [(route, staff.get(own_path(world, route))) for route in ROUTES]
    assert_clear(answers)
    assert dump() == before
    refused = {route for route, answer in answers if answer.status_code == 405}
    assert {LOGOUT, "admin/session/<int:pk>/<str:verb>/"} <= refused


BAD_BODIES = {
    "10 MB": (b"x" * 10_000_000, "application/x-www-form-urlencoded"),
    "not utf-8": (b"name=%ff%fe&%c3%28=1&github_repo=%ed%a0%80", "application/x-www-form-urlencoded"),
    "many fields": (
        b"&".join(b"a%d=1" % number for number in range(1_100)),
        "application/x-www-form-urlencoded",
    ),
    "broken parts": (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
    "no boundary": (b"x", "multipart/form-data"),
    "utf-16": (b"\xff\xfe", "application/x-www-form-urlencoded; charset=utf-16"),
    "no charset": (b"\xff\xfe", "application/x-www-form-urlencoded; charset=no-such-code"),
    "json": (b"{}", "application/json"),
}
READ = [route for route in ROUTES if not is_button(route) and route not in SIGNED]


@pytest.mark.parametrize(("kind", "routes"), cases(READ, BAD_BODIES, each=1), ids=list(BAD_BODIES))
def test_no_body_breaks_a_page(staff, world, kind, routes):
    body, content_type = BAD_BODIES[kind]
    before = dump()
    asked = [own_path(world, route) for route in routes]
    answers = [(path, staff.generic("POST", path, body, content_type=content_type)) for path in asked]
    assert_clear(answers)
    if kind == "10 MB":
        assert {answer.status_code for _, answer in answers} == {413}
    assert dump() == before


def test_no_form_is_taken_without_its_token(staff, world):
    staff.handler.enforce_csrf_checks = True
    before = dump()
    answers = [(route, staff.post(own_path(world, route), {"next": "/admin/"})) for route in ROUTES]
    assert_clear(answers)
    assert {answer.status_code for route, answer in answers if route not in SIGNED} <= {403, 405}
    assert {answer.status_code for route, answer in answers if route in SIGNED} == {401}
    assert dump() == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_gets_in_with_bad_input(staff, world, method):
    client = Client(raise_request_exception=False)
    before = dump()
    asked = [paths(route, HUGE) for route in ROUTES] + [own_path(world, route) for route in ROUTES]
    answers = [(path, getattr(client, method)(path, {"next": "//evil"})) for path in asked]
    assert_clear(answers)
    assert not [path for path, answer in answers if answer.headers.get("Location", "").startswith("//evil")]
    assert dump() == before


def test_a_login_that_has_ended_changes_nothing(staff, world):
    staff.force_login(create_superuser(is_active=False))
    before = dump()
    answers = [(route, staff.post(own_path(world, route), {"post": "yes"})) for route in ROUTES]
    assert_clear(answers)
    assert dump() == before
