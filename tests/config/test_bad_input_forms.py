"""Bad forms at every page of the site that reads one: each wrong field is refused by name, and nothing changed."""

from __future__ import annotations

import pytest
from django import forms

from automation.checks.link import LINK_CHECKS
from automation.pages.acting import PROJECT_VERBS, SESSION_VERBS
from tests.config.nonsense import (
    HUGE,
    LOGOUT,
    REVERSING,
    ROUTES,
    assert_clear,
    cases,
    dump,
    is_button,
    own_path,
)

pytestmark = pytest.mark.django_db
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
READ = [route for route in ROUTES if not is_button(route)]


@pytest.mark.parametrize(("kind", "routes"), cases(READ, BODIES), ids=list(BODIES))
def test_no_form_breaks_a_page_or_changes_a_row(staff, world, kind, routes):
    before = dump()
    answers = [(route, staff.post(own_path(world, route), BODIES[kind])) for route in routes]
    assert_clear(answers)
    assert not [route for route, answer in answers if "evil" in answer.headers.get("Location", "")]
    assert dump() == before


FORM_ENDINGS = ("/add/", "/change/", "/link/", "/link-token/", "/link-branch/", "/doctor/")
FORMS = [route for route in ROUTES if f"/{route}".endswith(FORM_ENDINGS)]


@pytest.mark.parametrize("route", FORMS)
def test_a_form_with_a_field_that_nobody_knows_is_refused_by_name(staff, world, route):
    before = dump()
    answer = staff.post(own_path(world, route), {"no-such-field": "1"})
    assert answer.status_code in (302, 400, 403)  # 302: there is no such row
    if answer.status_code == 400:
        assert "no-such-field" in answer.content.decode()
    assert dump() == before


BUTTONS = [
    (route, verb)
    for route in ROUTES
    if is_button(route) and route != LOGOUT
    for verb in (
        SESSION_VERBS
        if "session/<int:pk>/<str:" in route
        else LINK_CHECKS
        if "<str:check>" in route
        else PROJECT_VERBS
        if "<str:verb>" in route
        else [""]
    )
]


@pytest.mark.parametrize(("route", "verb"), BUTTONS)
def test_a_button_takes_no_field_and_no_parameter_that_nobody_knows(staff, world, route, verb):
    path, before = own_path(world, route, verb), dump()
    for answer in (
        staff.post(path, {"no-such": "1", "post": "yes"}),
        staff.post(f"{path}?no-such=1", {"post": "yes"}),
    ):
        assert answer.status_code in (302, 400, 403)
        assert answer.status_code != 302 or answer["Location"] == "/admin/"  # there is no such row
        if answer.status_code == 400:
            assert "no-such" in answer.content.decode()
    assert dump() == before


def shown_form(staff, path):
    """The form that the page shows, where it shows one to fill in."""
    page = staff.get(path, {"agent": "claude_code"} if path.endswith("project/add/") else {})
    context = page.context if page.status_code == 200 else None
    found = None if context is None else context.get("adminform") or context.get("form")
    return getattr(found, "form", found)


def wrongs(name, field):
    """What cannot be right in this field."""
    if isinstance(field, forms.ModelChoiceField | forms.ModelMultipleChoiceField):
        return [HUGE[:18], "x"]
    if isinstance(field, forms.ChoiceField):
        return ["no-such-choice", REVERSING]
    if isinstance(field, forms.IntegerField | forms.DecimalField):
        return ["x", HUGE, REVERSING, "1e999"]
    if isinstance(field, forms.BooleanField) or getattr(field.widget, "read_only", False):
        return []
    if isinstance(field, forms.MultiValueField) or field.disabled or field.widget.is_hidden:
        return []
    return [] if "password" in name else ["x" * 30_000, REVERSING, f"a{REVERSING}b"]


def errors_of(answer):
    """The form's errors by field; None where the whole request is refused."""
    found = None if answer.context is None else answer.context.get("adminform") or answer.context.get("form")
    return None if found is None else getattr(found, "form", found).errors


def refused(staff, path, values, hidden):
    """The names that the answer speaks of. A page that refuses the request names its first fault only."""
    answer = staff.post(path, hidden | values)
    if answer.status_code != 400:
        return set()
    errors = errors_of(answer)
    if errors is None and len(values) > 1:
        return {name for name, value in values.items() if refused(staff, path, {name: value}, hidden)}
    text = answer.content.decode()
    return {name for name in values if (name in errors if errors is not None else f"{name}" in text)}


FILLED_IN = [
    route
    for route in ROUTES
    if f"/{route}".endswith(("/add/", "/change/", "/link/", "/password/", "/password_change/"))
]


@pytest.mark.parametrize("route", FILLED_IN)
def test_what_is_wrong_in_a_field_is_refused_by_its_name(staff, world, route):
    path, before = own_path(world, route), dump()
    form = shown_form(staff, path)
    wrong = {name: wrongs(name, field) for name, field in form.fields.items()} if form else {}
    hidden = {field.name: field.value() or "" for field in form.hidden_fields()} if form else {}
    for turn in range(max(map(len, wrong.values()), default=0)):
        values = {name: faults[turn] for name, faults in wrong.items() if turn < len(faults)}
        assert values.keys() - refused(staff, path, values, hidden) == set()
    assert dump() == before


def test_the_forms_above_are_found(staff, world):
    found = [route for route in FILLED_IN if shown_form(staff, own_path(world, route))]
    assert len(found) >= 12
