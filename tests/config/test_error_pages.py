"""Error pages: designed, for everybody, with the request's id; a lost session leads to the login and back."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import reverse

from automation.pages import attention
from config.errors import server_error
from config.request_id import RequestIdFilter
from tests.factories import create_session, create_superuser, create_user

pytestmark = pytest.mark.django_db
LARGE = "x" * 1_100_000


@pytest.fixture
def staff(client):
    client.force_login(create_superuser())
    return client


def assert_page(answer, status, *words):
    text = answer.content.decode()
    assert answer.status_code == status, text[:300]
    assert "theme.css" in text
    assert text.count("<h1>") == 1
    assert answer["X-Request-ID"] in text
    assert "Content-Security-Policy" in answer
    assert all(word in text for word in words), text


def test_an_unknown_path_of_the_admin_is_a_page_for_staff_and_the_login_for_others(staff):
    assert_page(staff.get("/admin/nothing/here/"), 404, "There is no such page", "site-nav")
    assert Client().get("/admin/nothing/here/").headers["Location"].startswith(reverse("admin:login"))


def test_an_unknown_path_elsewhere_is_a_page_without_navigation_for_nobody(client):
    answer = client.get("/nothing")
    assert_page(answer, 404, "There is no such page")
    assert "site-nav" not in answer.content.decode()


def test_a_bad_parameter_is_named_and_shown_as_text(staff):
    answer = staff.get(reverse("admin:attention"), {"<b>x": "1"})
    assert_page(answer, 400, "&lt;b&gt;x", "site-nav")
    assert "<b>x" not in answer.content.decode()


def test_a_form_without_a_token_says_reload_and_changes_nothing():
    client = Client(enforce_csrf_checks=True)
    client.force_login(create_superuser())
    session = create_session(status="failed")
    url = reverse("admin:session-verb", args=[session.pk, "retry"])
    assert_page(client.post(url), 403, "reload the page and try again")
    session.refresh_from_db()
    assert session.status == "failed"


def test_opening_a_changing_address_explains_and_leads_back(staff):
    session = create_session(status="failed")
    answer = staff.get(reverse("admin:session-verb", args=[session.pk, "retry"]))
    assert_page(answer, 405, f'href="{reverse("admin:session", args=[session.pk])}"')
    assert "POST" in answer["Allow"]
    assert_page(staff.get("/admin/logout/"), 405, 'href="/admin/"')


@pytest.mark.parametrize("multipart", [True, False])
def test_a_body_that_is_too_large_is_413(staff, multipart):
    url = reverse("admin:projects_project_add")
    if multipart:
        answer = staff.post(url, {"name": LARGE})
    else:
        form = "application/x-www-form-urlencoded"
        answer = staff.post(url, f"name={LARGE}", content_type=form)
    assert_page(answer, 413, "too much text")
    assert_page(Client().post("/admin/login/", {"username": LARGE}), 413)


def broken(*args, **kwargs):
    raise RuntimeError("the-inner-words")


def test_a_failure_shows_no_trace_asks_no_database_and_is_in_the_log(monkeypatch, caplog):
    client = Client(raise_request_exception=False)
    client.force_login(create_superuser())
    monkeypatch.setattr(attention, "waiting", broken)
    monkeypatch.setattr("automation.pages.site.count_waiting", broken)
    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level(logging.ERROR, "django.request"):
        answer = client.get(reverse("admin:attention"))
    assert_page(answer, 500, "on our side")
    assert "the-inner-words" not in answer.content.decode()
    told = [record.request_id for record in caplog.records if record.name == "django.request"]
    assert told == [f"request={answer['X-Request-ID']} "]


def test_the_page_of_a_failure_is_drawn_without_a_database(django_assert_num_queries, rf):
    with django_assert_num_queries(0):
        assert server_error(rf.get("/admin/")).status_code == 500


def test_each_request_has_an_id_of_its_own_and_takes_none_from_outside(client):
    first, second = (client.get("/healthz", headers={"X-Request-ID": "evil"}) for _ in range(2))
    ids = {first["X-Request-ID"], second["X-Request-ID"]}
    assert len(ids) == 2
    assert "evil" not in ids


@pytest.mark.parametrize("path", ["/api/nothing", "/api/projects"])
def test_the_api_answers_with_the_same_id_in_head_and_body(client, path):
    answer = client.get(path)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_a_form_after_the_end_of_the_session_leads_to_the_login_and_back(staff):
    session = create_session(status="failed")
    page = reverse("admin:session", args=[session.pk])
    url = reverse("admin:session-verb", args=[session.pk, "retry"])
    del (store := staff.session)[SESSION_KEY]
    store.save()
    for body, back in (({}, page), ({"next": "/admin/attention/"}, "/admin/attention/")):
        answer = staff.post(url, body)
        assert answer["Location"] == f"{reverse('admin:login')}?next={back}"
    answer = staff.post(url, {"next": "https://evil.example/"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('admin:login')}?next={page}"
    assert "nothing was changed" in answer.content.decode()
    session.refresh_from_db()
    assert session.status == "failed"


def test_people_who_are_no_staff_are_told_so_at_the_login(client):
    client.force_login(create_user())
    answer = client.get(reverse("admin:attention"), follow=True)
    assert answer.status_code == 200
    assert "not authorized" in answer.content.decode()


def test_a_cookie_with_a_nul_is_as_none(client):
    client.cookies["sessionid"] = "a" * 31
    answer = client.get("/admin/", headers={"Cookie": r'sessionid="aaaaaaaaaaaa\000"'})
    assert answer.status_code == 302


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/attention/", "/healthz", "/readyz", "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "a b", "127.0.0.1:x", "\u202e"])
def test_a_foreign_host_is_a_bad_request_on_every_page(staff, path, host):
    staff.raise_request_exception = False
    assert_page(staff.get(path, headers={"host": host}), 400, "host name")
    answer = staff.post(path, {"next": "/admin/attention/"}, headers={"host": host})
    assert_page(answer, 400, "host name")


def test_a_foreign_host_is_a_bad_request_of_the_api(client):
    client.raise_request_exception = False
    answer = client.get("/api/projects", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_login_with_a_foreign_next_lands_on_the_first_page(client):
    create_superuser(username="ann", password="right-password-1")
    body = {"username": "ann", "password": "right-password-1", "next": "https://evil.example/"}
    assert client.post(reverse("admin:login"), body).headers["Location"] == reverse("admin:index")


def test_a_nul_is_refused_by_name(staff):
    for url in ("/admin/attention/?kind=%00", "/admin/issues/issuesession/?q=a%00b", "/admin/a%00b/"):
        assert_page(staff.get(url), 400, "NUL")
    answer = staff.post(reverse("admin:projects_project_add"), {"name": "a\0b"})
    assert_page(answer, 400, "name", "NUL")
