"""Bad input at every address of the site, taken from the URL configuration: a clear refusal, and nothing changed.

A new address is covered by being there; one whose arguments are new fails until they are taught to `some_arguments`.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, get_resolver

from automation.models import Effect, Notification, NotificationRoute, WebhookDelivery
from issues.models import SessionEvent
from projects.models.audit import record
from tests.factories import (
    create_attempt,
    create_credential,
    create_membership,
    create_project,
    create_result,
    create_session,
    create_superuser,
    create_token,
)

pytestmark = [pytest.mark.django_db, pytest.mark.services]
HUGE = "9" * 20
LOGOUT = "admin/logout/"
REFUSALS = (302, 400, 403, 404, 405)
REVERSING = "\u202eevil\u200b\ufeff"
OF_CLIENTS = {"django_session", "django_admin_log"}
EXEMPT = ("jsi18n", "api/")  # Django's own catalogue of words; the API has tests of its own


def patterns(resolver, prefix=""):
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from patterns(entry, route)


ROUTES = sorted(
    {
        route
        for route in patterns(get_resolver())
        if not any(name in route for name in EXEMPT) and "(?P" not in route
    }
)
VERBS = {"session": "retry", "project": "sync", "checks": "token"}


def paths(route, pk):
    """The route with `pk` in the place of every id, and its verb where it has one."""
    first = route.removeprefix("admin/").split("/")[0]
    filled = route.replace("<int:pk>", pk).replace("<path:object_id>", pk).replace("<id>", pk)
    verb = "token" if "/checks/" in route else VERBS.get(first, "x")
    filled = filled.replace("<str:verb>", verb).replace("<str:check>", verb)
    filled = filled.replace("<path:content_type_id>", pk).replace("<path:rest>", "x")
    assert "<" not in filled, f"teach this test the arguments of {route}"
    return f"/{filled}"


@pytest.fixture
def world():
    """One row of everything, all of it with the same id where the database allows."""
    user = create_superuser(username="root")
    project = create_project(credential=create_credential())
    session = create_session(project=project, status="failed")
    attempt = create_attempt(session)
    create_result(session, attempt=attempt)
    SessionEvent.objects.create(issue_session=session, actor="a", verb="moved")
    create_membership(project=project, user=user)
    create_token(user)
    record(actor="a", verb="x", subject="y", project=project)
    Effect.objects.create(issue_session=session, round=1, kind="push")
    WebhookDelivery.objects.create(delivery_id="d", event="e", project=project)
    route = NotificationRoute.objects.create(project=project, channel="email", target="a@example.com")
    Notification.objects.create(route=route, issue_session=session, event="e", dedupe_key="k")
    return {"session": session.pk, "project": project.pk, "attempt": attempt.pk}


@pytest.fixture
def staff(world, client):
    client.force_login(create_superuser())
    client.raise_request_exception = False
    return client


def own_pk(world, route):
    return str(world.get(route.removeprefix("admin/").split("/")[0], world["project"]))


def dump():
    """Every row of every table but the login's own."""
    tables = [model for model in apps.get_models() if model._meta.db_table not in OF_CLIENTS]
    rows = {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in tables}
    for user in rows["auth.User"]:
        del user["last_login"]
    return rows


def is_clear(answer):
    text = b"" if answer.streaming else answer.content
    return answer.status_code < 500 and b"Traceback" not in text and b"Server Error" not in text


def assert_clear(answers):
    """`answers` are (what was asked, answer): all that broke are told at once."""
    assert [f"{asked[:200]}: {answer.status_code}" for asked, answer in answers if not is_clear(answer)] == []


BAD_QUERIES = {
    "unknown": "no-such-parameter=1",
    "wrong type": "page=x&p=x&days=x&project=x&kind=7&after=x&tab=x&status=x&all=x&o=x&number=x",
    "huge": f"page={HUGE}&p={HUGE}&days={HUGE}&project={HUGE}&after={HUGE}&o={HUGE}&attempt={HUGE}&q=%23{HUGE}",
    "long": f"q={'x' * 6000}&text={'x' * 6000}&label={'x' * 6000}&project={'x' * 6000}",
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


@pytest.mark.parametrize("kind", BAD_QUERIES)
def test_no_query_string_breaks_a_page_or_changes_a_row(staff, world, kind):
    before = dump()
    asked = [f"{paths(route, own_pk(world, route))}?{BAD_QUERIES[kind]}" for route in ROUTES]
    assert_clear([(path, staff.get(path)) for path in asked])
    assert dump() == before


@pytest.mark.parametrize("pk", [HUGE, "0", "a%00b", "%ff", "-1", "x" * 3000, "_2F..", "%E2%80%AE"])
def test_no_id_breaks_a_page(staff, world, pk):
    before = dump()
    asked = [paths(route, pk) for route in ROUTES if "<" in route]
    answers = [(f"{ask.__name__} {path}", ask(path)) for path in asked for ask in (staff.get, staff.post)]
    assert_clear(answers)
    unclear = [(what, answer.status_code) for what, answer in answers if answer.status_code not in REFUSALS]
    assert unclear == []
    assert dump() == before


def test_reading_a_changing_address_is_refused_and_changes_nothing(staff, world):
    before = dump()
    answers = [(route, staff.get(paths(route, own_pk(world, route)))) for route in ROUTES]
    assert_clear(answers)
    assert dump() == before
    refused = {route for route, answer in answers if answer.status_code == 405}
    assert {"admin/logout/", "admin/session/<int:pk>/<str:verb>/"} <= refused


BODIES = {
    "nothing": {},
    "unknown": {"no-such-field": "1"},
    "wrong type": {"max_concurrent": "x", "monthly_budget_usd": "x", "role": "x", "user": "x", "agent": "x"},
    "huge numbers": {"max_concurrent": HUGE, "user": HUGE, "project": HUGE, "monthly_budget_usd": HUGE},
    "long": {"name": "x" * 100_000, "setup_command": "x" * 100_000, "github_repo": "x" * 100_000},
    "nul": {"name": "a\0b", "github_token": "\0"},
    "nul in a name": {"a\0b": "1"},
    "reversing": {"name": REVERSING, "skip_labels": f'["{REVERSING}"]', "github_repo": REVERSING},
    "deep": {"issue_filter": "[" * 50_000, "skip_labels": '{"a":' * 50_000},
    "no json": {"issue_filter": "{", "custom_checks": "NaN", "skip_labels": "1e999"},
    "foreign ids": {"action": "start", "_selected_action": [HUGE, "x", "-1"], "index": "0"},
    "unknown action": {"action": "explode", "_selected_action": "1", "index": "x"},
    "elsewhere": {"next": "https://evil.example/", "unexpected": "1"},
}


@pytest.mark.parametrize("kind", BODIES)
def test_no_form_breaks_a_page_or_changes_a_row(staff, world, kind):
    before = dump()
    # Those that are left out ask for no more than their button; groups are Django's and give nothing here.
    chosen = [
        route for route in ROUTES if not is_button(route) and route != LOGOUT and "auth/group" not in route
    ]
    answers = [(route, staff.post(paths(route, own_pk(world, route)), BODIES[kind])) for route in chosen]
    assert_clear(answers)
    assert not [route for route, answer in answers if "evil" in answer.headers.get("Location", "")]
    assert dump() == before


def is_button(route):
    return "<str:verb>" in route or "<str:check>" in route or route.endswith("/delete/")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x" * 10_000_000, "application/x-www-form-urlencoded"),
        (b"name=%ff%fe&%c3%28=1&github_repo=%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(1_100)), "application/x-www-form-urlencoded"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (b"\xff\xfe", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"\xff\xfe", "application/x-www-form-urlencoded; charset=no-such-code"),
        (b"{}", "application/json"),
    ],
    ids=["10 MB", "not utf-8", "many fields", "broken parts", "no boundary", "utf-16", "no charset", "json"],
)
def test_no_body_breaks_a_page(staff, world, body, content_type):
    before = dump()
    chosen = [
        paths(route, own_pk(world, route)) for route in ROUTES if route != LOGOUT and not is_button(route)
    ]
    answers = [(path, staff.post(path, body, content_type=content_type)) for path in chosen]
    assert_clear(answers)
    if len(body) > 1_000_000:
        assert {answer.status_code for _, answer in answers} == {413}
    assert dump() == before


def test_no_form_is_taken_without_its_token(world):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(create_superuser())
    before = dump()
    answers = [
        (route, client.post(paths(route, own_pk(world, route)), {"next": "/admin/"})) for route in ROUTES
    ]
    assert_clear(answers)
    assert not [
        (route, answer.status_code) for route, answer in answers if answer.status_code not in (403, 405)
    ]
    assert dump() == before


def test_nobody_gets_in_with_bad_input(world):
    client = Client(raise_request_exception=False)
    before = dump()
    asked = [paths(route, pk) for route in ROUTES for pk in (HUGE, own_pk(world, route))]
    answers = [(path, client.get(path)) for path in asked]
    answers += [(path, client.post(path, {"next": "//evil"})) for path in asked]
    assert_clear(answers)
    assert not [path for path, answer in answers if "//evil" in answer.headers.get("Location", "")]
    assert dump() == before
