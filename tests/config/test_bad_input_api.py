"""Bad input at every address of the API, taken from its URL configuration: a problem document, and nothing changed."""

from __future__ import annotations

import functools
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from config.api import urlpatterns
from issues.models import IssueSession
from projects.models import Scope
from projects.serializers import ProjectSerializer
from tests.config.nonsense import HUGE, REVERSING, dump
from tests.factories import create_superuser, create_token
from tests.sharing import spread

pytestmark = [pytest.mark.django_db, pytest.mark.services]
METHODS = ("get", "post", "put", "patch", "delete")
WITH_BODY = {("post", "projects"), ("put", "project"), ("patch", "project")}
KNOWN = [
    (route.name, str(route.pattern), set(route.callback.actions))
    for route in urlpatterns
    if hasattr(route.callback, "actions") and route.name
]
ASKED = [(method, name, route) for name, route, methods in KNOWN for method in sorted(methods)]
CHANGING = [case for case in ASKED if case[0] != "get"]


@pytest.fixture(autouse=True)
def no_limits(settings):
    settings.API_READS_PER_MINUTE = settings.API_CHANGES_PER_MINUTE = settings.API_ANONYMOUS_PER_MINUTE = 0


def path_of(world, route, pk=None):
    """The route with ids that are there, or with `pk` in the place of each."""
    own = world["project"] if route.startswith("projects") else world["session"]
    number = IssueSession.objects.values_list("github_issue_number", flat=True).get()
    values = {"<int:num>": number, "<int:pk>": own, "<int:number>": 1}
    return "/api/" + functools.reduce(
        lambda path, name: path.replace(name, str(pk or values[name])), values, route
    )


def ask(method, path, body=None, token="", **headers):
    client = APIClient(raise_request_exception=False)
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is None:
        return client.generic(method.upper(), path, headers=headers)
    content_type = headers.pop("Content-Type", "application/json")
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic(method.upper(), path, text, content_type=content_type, headers=headers)


def good(method, name):
    return {"name": "n", "github_repo": "o/n"} if (method, name) in WITH_BODY else None


def assert_refused(answer, *statuses):
    assert (answer.status_code in statuses, answer.status_code) == (True, answer.status_code)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.fixture
def admin(world):
    return create_token(create_superuser())


@pytest.mark.parametrize(("method", "name", "route"), ASKED)
def test_an_unknown_parameter_is_named_everywhere(world, admin, method, name, route):
    before = dump()
    answer = ask(method, path_of(world, route) + "?no-such=1", good(method, name), admin)
    assert_refused(answer, 400)
    assert list(answer.json()["errors"]) == ["no-such"]
    assert dump() == before


@pytest.mark.parametrize(("method", "name", "route"), CHANGING)
def test_an_unknown_field_is_refused_everywhere(world, admin, method, name, route):
    before = dump()
    answer = ask(method, path_of(world, route), (good(method, name) or {}) | {"no-such": 1}, admin)
    assert_refused(answer, 400)
    if (method, name) in WITH_BODY:
        assert list(answer.json()["errors"]) == ["no-such"]
    assert dump() == before


BAD_BODIES = {
    "10 MB": (b'{"name": "' + b"x" * 10_000_000 + b'"}', "application/json", 413),
    "broken": (b"{", "application/json", 400),
    "list": (b"[1]", "application/json", 400),
    "deep": (b"[" * 100_000, "application/json", 400),
    "nul": (rb'{"name": "a\u0000b"}', "application/json", 400),
    "not utf-8": (b'{"name": "\xff"}', "application/json", 400),
    "form": (b"name=x", "application/x-www-form-urlencoded", 415),
    "broken parts": (b"--x\r\nbroken", "multipart/form-data; boundary=x", 415),
    "charset": (b"\xff\xfe", "application/x-www-form-urlencoded; charset=utf-16", 415),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_a_bad_body_is_refused_everywhere(world, admin, kind):
    body, content_type, status = BAD_BODIES[kind]
    before = dump()
    for method, _, route in CHANGING:
        answer = ask(method, path_of(world, route), body, admin, **{"Content-Type": content_type})
        assert_refused(answer, status)
    assert dump() == before


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "latin-1"])
def test_a_form_of_staff_in_another_charset_is_no_failure(world, staff, charset):
    before = dump()
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    for _, route, _ in KNOWN:
        answer = staff.generic("POST", path_of(world, route), b"_method=POST&a=\xff\xfe", content_type=kind)
        assert_refused(answer, 403, 405, 415)
    assert dump() == before


@pytest.mark.parametrize("pk", [HUGE, "0", "-1", "a%00b", "%ff", "%E2%80%AE", "x" * 3000])
def test_an_id_that_names_nothing_is_not_found(world, admin, pk):
    before = dump()
    for method, name, route in ASKED:
        if "<" in route:
            assert_refused(ask(method, path_of(world, route, pk), good(method, name), admin), 404)
    assert dump() == before


def test_a_method_that_an_address_does_not_know_is_405(world, admin):
    before = dump()
    for _, route, methods in KNOWN:
        for method in METHODS:
            if method not in methods:
                assert_refused(ask(method, path_of(world, route), token=admin), 405)
    assert dump() == before


@pytest.mark.parametrize("ended", ["expires_at", "revoked_at"])
def test_a_token_that_has_ended_opens_nothing(world, ended):
    token = create_token(create_superuser(), **{ended: timezone.now() - timedelta(seconds=1)})
    before = dump()
    for method, name, route in ASKED:
        assert_refused(ask(method, path_of(world, route), good(method, name), token), 401)
    assert dump() == before


def test_a_read_token_changes_nothing_even_of_a_superuser(world):
    token = create_token(create_superuser(), Scope.READ)
    before = dump()
    for method, name, route in CHANGING:
        answer = ask(method, path_of(world, route), good(method, name), token)
        assert_refused(answer, 403)
        assert answer.json()["code"] == "token_scope"
    assert dump() == before


def test_a_browsers_session_changes_nothing_without_the_forms_token(world):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(create_superuser())
    before = dump()
    for method, name, route in CHANGING:
        body = json.dumps(good(method, name) or {})
        answer = client.generic(method.upper(), path_of(world, route), body, content_type="application/json")
        assert_refused(answer, 403)
    assert dump() == before


def wrongs(field):
    """What cannot be right in a field of this kind."""
    match type(field).__name__:
        case "IntegerField" | "DecimalField":
            return ["x", HUGE, -1, [], {}, REVERSING]
        case "BooleanField":
            return ["x", 2, [], {}]
        case "ChoiceField":
            return ["no-such-choice", 1, [], {}, REVERSING]
        case _:
            return [{"x": REVERSING}, [REVERSING], "x" * 30_000, REVERSING, "a\0b"]


WRITABLE = {name: field for name, field in ProjectSerializer().fields.items() if not field.read_only}


@pytest.mark.parametrize(
    ("method", "name"),
    [
        *(("patch", name) for name in WRITABLE),
        *((method, name) for method in ("post", "put") for name in spread(list(WRITABLE), 6)),
    ],
)
def test_what_is_wrong_in_a_field_of_a_project_is_refused_by_its_name(world, admin, method, name):
    before = dump()
    path = "/api/projects" if method == "post" else f"/api/projects/{world['project']}"
    filled = {} if method == "patch" else {"name": "n", "github_repo": "o/n"}
    for wrong in wrongs(WRITABLE[name]):
        answer = ask(method, path, filled | {name: wrong}, admin)
        assert_refused(answer, 400)
        assert name in answer.json()["errors"], wrong
    assert dump() == before


READ = [(name, route) for name, route, methods in KNOWN if "get" in methods]
NONSENSE = [HUGE * 3, "-1", "%00", "%ff%fe", "%E2%80%AE", "x" * 6000, "[]", "1e999"]


@pytest.mark.parametrize(("name", "route"), READ)
def test_nonsense_in_a_parameter_that_is_known_is_no_failure(world, admin, name, route):
    before, path = dump(), path_of(world, route)
    (hint,) = ask("get", f"{path}?no-such=1", token=admin).json()["errors"]["no-such"]
    known = hint.partition("Known here: ")[2].rstrip(".").split(", ")
    for parameter in known if known != ["none"] else []:
        for wrong in NONSENSE:
            answer = ask("get", f"{path}?{parameter}={wrong}", token=admin)
            assert answer.status_code in (200, 400, 404)
            assert answer.status_code != 400 or parameter in answer.json()["errors"]
    assert dump() == before


@pytest.mark.parametrize("header", ["Idempotency-Key", "If-Match", "Accept"])
@pytest.mark.parametrize("value", ["x" * 5000, "\u202e".encode().decode("latin-1"), "\x01", '"', "*/"])
def test_a_bad_header_breaks_nothing(world, admin, header, value):
    for method, name, route in CHANGING:
        if method in ("put", "patch", "delete") or name == "sync":
            answer = ask(method, path_of(world, route), good(method, name), admin, **{header: value})
            assert answer.status_code < 500
