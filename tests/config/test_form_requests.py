"""Changes that a page of the browsable API asks for with a plain form: only with the form's token, only for staff."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from projects.models import Project, Role
from tests.config.nonsense import dump
from tests.factories import (
    create_membership,
    create_project,
    create_session,
    create_superuser,
    create_token,
    create_user,
)

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"
PAGE = "text/html; charset=utf-8"
SECRET = "ghp_" + "s3cret" * 6


def browser_of(user):
    client = Client(enforce_csrf_checks=True, headers={"Accept": "text/html,*/*;q=0.8"})
    client.force_login(user)
    return client


@pytest.fixture
def browser():
    return browser_of(create_superuser())


def forms(browser, path):
    """What each form of the page would send, by its method."""
    found = {}
    for form in browser.get(path).content.decode().split('class="card api-form"')[1:]:
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        if area := re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL):
            fields["_content"] = html.unescape(area[1]).replace("\n", "\r\n")
        found[fields["_method"]] = fields
    return found


def send(browser, path, fields, **headers):
    return browser.post(path, urlencode(fields), content_type=FORM, headers=headers)


def test_a_form_without_a_body_asks_a_verb(browser):
    session = create_session(status="failed")
    path = f"/api/issue-sessions/{session.pk}/retry"
    answer = send(browser, path, forms(browser, path)["POST"])
    assert (answer.status_code, answer["Content-Type"]) == (202, PAGE)
    session.refresh_from_db()
    assert session.status == "pending"


def test_a_project_is_created_changed_and_archived_by_forms(browser):
    fields = forms(browser, "/api/projects")["POST"]
    body = json.loads(fields["_content"]) | {"name": "rocket", "github_repo": "octo/rocket"}
    answer = send(browser, "/api/projects", fields | {"_content": json.dumps(body)})
    path = f"/api/projects/{Project.objects.get().pk}"
    assert answer.status_code == 201
    assert f'<a href="{path}">http://testserver{path}</a>' in answer.content.decode()

    patch = forms(browser, path)["PATCH"] | {"_content": '{"max_concurrent": 3}'}
    assert send(browser, path, patch).status_code == 200
    assert Project.objects.get().max_concurrent == 3

    gone = send(browser, path, forms(browser, path)["DELETE"])
    assert (gone.status_code, gone["Content-Type"]) == (200, PAGE)
    assert "204 No Content" in gone.content.decode()
    assert "Send DELETE" not in gone.content.decode()
    assert Project.objects.get().archived_at


def test_put_as_it_is_filled_in_changes_nothing(browser):
    path = f"/api/projects/{create_project(lint_command='make lint', skip_labels=['ü']).pk}"
    before = Project.objects.values().get()
    assert send(browser, path, forms(browser, path)["PUT"]).status_code == 200
    assert Project.objects.values().get() == before


def test_a_body_that_is_wrong_is_refused_on_the_page(browser):
    fields = forms(browser, "/api/projects")["POST"] | {"_content": "{"}
    answer = send(browser, "/api/projects", fields)
    assert (answer.status_code, answer["Content-Type"]) == (400, PAGE)
    assert "JSON parse error" in answer.content.decode()


def test_a_secret_is_on_no_page_afterwards(browser):
    project = create_project()
    path = f"/api/projects/{project.pk}"
    for extra, status in (({"max_concurrent": "x"}, 400), ({}, 200)):
        fields = forms(browser, path)["PATCH"]
        answer = send(browser, path, fields | {"_content": json.dumps({"github_token": SECRET} | extra)})
        assert answer.status_code == status
        assert SECRET not in answer.content.decode()
    assert Project.objects.get().credential.secret == SECRET
    assert SECRET not in browser.get(path).content.decode()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("token", ["", "x" * 64, "\N{SNOWMAN}"])
def test_without_the_forms_token_nothing_is_changed(browser, method, token):
    path = "/api/projects" if method == "POST" else f"/api/projects/{create_project().pk}"
    fields = forms(browser, path)[method] | {"csrfmiddlewaretoken": token}
    before = dump()
    answer = send(browser, path, fields | {"_content": '{"name": "n", "github_repo": "o/n"}'})
    assert (answer.status_code, answer["Content-Type"]) == (403, PAGE)
    text = answer.content.decode()
    assert "CSRF Failed" in text
    assert 'aria-label="Main"' in text  # they are still logged in
    assert dump() == before


def test_a_form_of_another_site_changes_nothing(browser):
    path = f"/api/projects/{create_project().pk}"
    fields = forms(browser, path)["DELETE"]
    before = dump()
    assert send(browser, path, fields, Origin="https://evil.example").status_code == 403
    assert dump() == before


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "patch", ""])
def test_no_form_becomes_a_request_that_goes_unchecked(browser, method):
    path = f"/api/projects/{create_project().pk}/sync"
    assert send(browser, path, forms(browser, path)["POST"] | {"_method": method}).status_code == 415


def test_a_link_changes_nothing(browser):
    path = f"/api/projects/{create_project().pk}"
    fields = forms(browser, path)["DELETE"]
    before = dump()
    assert browser.get(path, fields).status_code == 400
    assert dump() == before


def test_a_form_of_somebody_who_is_not_staff_is_no_json(browser):
    project = create_project()
    path = f"/api/projects/{project.pk}"
    fields = forms(browser, path)["DELETE"]
    member = browser_of(create_user(Role.MANAGER, project=project))
    member.cookies["csrftoken"] = browser.cookies["csrftoken"].value
    assert send(member, path, fields).status_code == 415
    assert send(member, f"{path}/sync", fields | {"_method": "POST"}).status_code == 415


def test_a_form_with_a_token_of_the_api_is_no_json(browser):
    path = f"/api/projects/{create_project().pk}/sync"
    header = {"Authorization": f"Bearer {create_token(create_superuser())}"}
    assert send(browser, path, forms(browser, path)["POST"], **header).status_code == 415


def test_a_form_is_offered_only_to_roles_that_may_send_it():
    project = create_project()
    path = f"/api/projects/{project.pk}"
    viewer = browser_of(create_user(Role.VIEWER, project=project, is_staff=True))
    manager = browser_of(create_user(Role.MANAGER, project=project, is_staff=True))
    assert set(forms(viewer, path)) == set()
    assert set(forms(manager, path)) == {"PUT", "PATCH", "DELETE"}
    assert "<code>github_token</code>" in manager.get(path).content.decode()


@pytest.mark.parametrize(("role", "is_own", "status"), [(Role.VIEWER, True, 403), (Role.MANAGER, False, 404)])
def test_what_a_role_may_not_do_is_refused_to_its_form_too(role, is_own, status):
    own, foreign, managed = create_project(), create_project(), create_project()
    user = create_user(role, project=own, is_staff=True)
    create_membership(user=user, project=managed)
    browser = browser_of(user)
    fields = forms(browser, f"/api/projects/{managed.pk}/sync")["POST"] | {"_method": "DELETE"}
    before = dump()
    assert send(browser, f"/api/projects/{(own if is_own else foreign).pk}", fields).status_code == status
    assert dump() == before
