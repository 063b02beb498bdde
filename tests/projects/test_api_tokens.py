"""Tokens: limited to projects, made in the admin by people for themselves, shown once."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from issues.transitions import note
from projects.access import create_token, revoke_token
from projects.models import ApiToken, AuditEvent, Role, Scope
from tests.factories import create_project, create_session, create_superuser, create_user

pytestmark = pytest.mark.django_db
ADD = "/admin/projects/apitoken/add/"


def client_of(user, projects, scope=Scope.ADMIN):
    _, plain = create_token(user, scope=scope, projects=projects)
    return APIClient(headers={"Authorization": f"Bearer {plain}"})


def staff(client, **kwargs):
    user = create_user(is_staff=True, **kwargs)
    client.force_login(user)
    return user


def filled_in(client, **values):
    """What a browser sends of a form that it has just opened."""
    form = client.get(ADD).context
    mark = {"mark": form["adminform"].form["mark"].value()} if form else {}
    return {"name": "ci", "scope": "read", "days": 90} | mark | values


def make(client, **values):
    return client.post(ADD, filled_in(client, **values))


def shown(page):
    return re.search(r"value=\"(aw_[\w-]+)\"", page.content.decode())[1]


def test_a_limited_token_sees_its_projects_in_every_list():
    own, other = create_session(), create_session()
    for session in (own, other):
        note(session, "noted", actor="a")
    client = client_of(create_superuser(), [own.project])
    rows = {
        path: client.get(path).json()["results"]
        for path in ("/api/projects", "/api/issue-sessions", "/api/events")
    }
    assert [row["id"] for row in rows["/api/projects"]] == [own.project_id]
    assert [row["id"] for row in rows["/api/issue-sessions"]] == [own.pk]
    assert [row["issue_session"] for row in rows["/api/events"]] == [own.pk]
    assert client.post(f"/api/issue-sessions/{own.pk}/skip").status_code == 200
    assert client.get("/api/issue-sessions", {"project": other.project_id}).json()["count"] == 0


def test_a_limited_token_links_no_repository():
    client = client_of(create_superuser(), [create_project()])
    answer = client.post("/api/projects", {"name": "app", "github_repo": "octo/app"})
    assert (answer.status_code, answer.json()["code"]) == (403, "token_projects")


def test_a_limited_token_whose_projects_are_gone_reaches_nothing():
    project = create_project()
    create_project()
    client = client_of(create_superuser(), [project])
    project.delete()
    assert client.get("/api/projects").json()["count"] == 0


def test_a_token_reaches_no_project_that_its_user_does_not():
    project = create_project()
    client = client_of(create_user(), [project])
    assert client.get(f"/api/projects/{project.pk}").status_code == 404


def test_people_make_a_token_for_themselves_and_see_it_once(client):
    project = create_project()
    user = staff(client)
    project.memberships.create(user=user, role=Role.OPERATOR)
    page = make(client, scope="operate", limited_to=[project.pk])
    token = ApiToken.objects.get()
    plain = shown(page)
    assert ApiToken.digest(plain) == token.token_hash
    assert (token.user, token.scope, token.is_limited) == (user, "operate", True)
    assert list(token.projects.all()) == [project]
    assert timedelta(days=89) < token.expires_at - timezone.now() <= timedelta(days=90)
    assert AuditEvent.objects.get(verb="token.created").detail["projects"] == [project.pk]
    for path in ("/admin/projects/apitoken/", f"/admin/projects/apitoken/{token.pk}/change/"):
        later = client.get(path)
        assert later.status_code == 200
        assert plain not in later.content.decode()
        assert token.token_hash not in later.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert Client().get("/api/projects", headers={"Authorization": f"Bearer {plain}"}).status_code == 200


def test_a_reload_of_the_page_that_shows_a_token_makes_no_second_one(client):
    staff(client)
    sent = filled_in(client)
    plain = shown(client.post(ADD, sent))
    again = client.post(ADD, sent)
    assert (again.status_code, ApiToken.objects.count()) == (400, 1)
    text = again.content.decode()
    assert "has made its token already" in text
    assert plain not in text
    fresh = again.context["adminform"].form["mark"].value()
    assert "aw_" in shown(client.post(ADD, sent | {"mark": fresh}))
    assert ApiToken.objects.count() == 2


def test_a_form_that_was_refused_may_be_sent_again(client):
    staff(client)
    sent = filled_in(client)
    assert client.post(ADD, sent | {"days": 0}).status_code == 400
    assert "aw_" in shown(client.post(ADD, sent))


@pytest.mark.parametrize("mark", ["", "x", "a:b:c"])
def test_a_form_that_was_not_made_here_makes_no_token(client, mark):
    staff(client)
    assert "nothing was done" in make(client, mark=mark).content.decode()
    assert not ApiToken.objects.exists()


def test_a_form_that_somebody_else_opened_makes_no_token(client):
    staff(client)
    theirs = filled_in(client)
    staff(client)
    assert client.post(ADD, theirs).status_code == 400
    assert not ApiToken.objects.exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_token(client):
    staff(client)
    sent, gate, statuses = filled_in(client), threading.Barrier(4), []

    def click():
        mine = Client()
        mine.cookies = client.cookies
        gate.wait(20)
        statuses.append(mine.post(ADD, sent).status_code)
        connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (sorted(statuses), ApiToken.objects.count()) == ([200, 400, 400, 400], 1)


def test_the_form_proposes_ninety_days(client):
    staff(client)
    assert 'value="90"' in client.get(ADD).content.decode()


def test_nobody_has_more_than_twenty_valid_tokens(client):
    user = staff(client)
    old, _ = create_token(user, scope="read", expires_at=timezone.now() - timedelta(days=1))
    made = [create_token(user, scope="read")[0] for _ in range(20)]
    with pytest.raises(ValidationError, match="20 valid tokens"):
        create_token(user, scope="read")
    refused = make(client)
    assert refused.status_code in (200, 400)
    assert "has 20 valid tokens" in refused.content.decode()
    assert ApiToken.objects.count() == 21
    revoke_token(made[0], actor="ann")
    assert "aw_" in shown(make(client))
    assert create_token(create_user(), scope="read")


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_tokens_that_are_made_at_the_same_moment_are_not_too_many():
    user = create_user()
    for _ in range(18):
        create_token(user, scope="read")
    gate, refused = threading.Barrier(6), []

    def ask():
        gate.wait(20)
        try:
            create_token(user, scope="read")
        except ValidationError as error:
            refused.append(error.code)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (refused, ApiToken.objects.count()) == (["too_many_tokens"] * 4, 20)


def test_only_a_superuser_makes_a_token_for_another(client):
    other = create_user()
    user = staff(client)
    assert 'name="owner"' not in client.get(ADD).content.decode()
    make(client, owner=other.pk)
    assert ApiToken.objects.get().user == user
    client.force_login(create_superuser())
    make(client, owner=other.pk)
    assert ApiToken.objects.latest("id").user == other


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 3651}, {"days": ""}, {"scope": "all"}, {"name": "n" * 101}, {"name": "a\tb\0"}],
)
def test_a_wrong_field_makes_no_token(client, wrong):
    staff(client)
    assert make(client, **wrong).status_code in (200, 400)
    assert not ApiToken.objects.exists()


def test_a_foreign_project_is_no_choice(client):
    foreign = create_project(name="of-the-other-team")
    staff(client)
    assert "of-the-other-team" not in client.get(ADD).content.decode()
    make(client, limited_to=[foreign.pk])
    assert not ApiToken.objects.exists()


def test_who_is_not_staff_makes_none_there(client):
    client.force_login(create_user())
    assert make(client).status_code == 302
    assert not ApiToken.objects.exists()
