"""Odd parameters of every data list, Django's own and the queue's too: refused by name, and nothing else is told."""

from __future__ import annotations

import html

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from issues.models import IssueSession, SessionEvent
from projects.models import ApiToken, Project
from tests.config.nonsense import HUGE, REVERSING, dump

pytestmark = pytest.mark.django_db
EVERYWHERE = [
    ("no-such", "1"),
    ("e", "1"),
    ("p", "x"),
    ("p", "0"),
    ("p", "-1"),
    ("p", "\u0663"),
    ("p", HUGE),
    ("o", "x"),
    ("o", "0"),
    ("o", "99"),
    ("o", "1." * 500 + "1"),
    ("q", "x" * 201),
    ("q", REVERSING),
    ("all", "x"),
    ("_popup", "x"),
    ("_to_field", "password"),
    ("_export", "xml"),
    ("_changelist_filters", "a=b"),
    ("user__password__startswith", "a"),
    ("pk__in", "1,2"),
    ("a[]", "1"),
]
OF_ONE = [
    (Project, "agent", "robot"),
    (Project, "auto_sync__exact", "maybe"),
    (IssueSession, "status__exact", "lost"),
    (IssueSession, "completed_at__gte", "yesterday"),
    (SessionEvent, "since", "8"),
    (SessionEvent, "issue_session__id__exact", "x"),
    (ApiToken, "scope", "all"),
    (User, "is_staff__exact", "x"),
]


def path_of(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def refusal_of(answer):
    assert answer.status_code == 400, answer.status_code
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize(("name", "value"), EVERYWHERE)
def test_what_no_list_can_use_is_refused_by_name_on_each(staff, world, name, value):
    before = dump()
    for model in admin.site._registry:
        assert name in refusal_of(staff.get(path_of(model), {name: value})), model
    assert dump() == before


@pytest.mark.parametrize(("model", "name", "value"), OF_ONE)
def test_a_value_that_a_filter_does_not_know_is_refused_by_its_name(staff, world, model, name, value):
    assert name in refusal_of(staff.get(path_of(model), {name: value}))


def test_a_parameter_that_stands_there_twice_is_refused(staff, world):
    assert "more than once" in refusal_of(staff.get(f"{path_of(Project)}?q=a&q=b"))


def test_a_nul_is_refused_by_the_name_of_its_parameter(staff, world):
    for model in admin.site._registry:
        assert "'q'" in refusal_of(staff.get(f"{path_of(model)}?q=%00"))


def test_every_link_of_a_list_is_one_that_it_understands(staff, world):
    for model in admin.site._registry:
        page = staff.get(path_of(model))
        for text in page.content.decode().split('href="?')[1:]:
            query = html.unescape(text.partition('"')[0])
            assert staff.get(f"{path_of(model)}?{query}").status_code == 200, (model, query)


def test_an_action_keeps_to_the_parameters_too(staff, world):
    before = dump()
    answer = staff.post(f"{path_of(Project)}?no-such=1", {"action": "sync", "_selected_action": "1"})
    assert "no-such" in refusal_of(answer)
    assert dump() == before
