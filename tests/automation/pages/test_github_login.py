"""Logging in by GitHub and connecting one's account: who is let in, and what a forged or repeated answer does."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth import get_user_model
from django.urls import reverse

from projects.models import AuditEvent, Credential, GitHubIdentity, Project
from tests.factories import create_project, create_superuser, create_user
from tests.linking import point_at

pytestmark = pytest.mark.django_db
LOGIN, ANSWER, ACCOUNT = "/admin/login/github/", "/admin/login/github/answer/", "/admin/github-account/"
User = get_user_model()


@pytest.fixture
def oauth(hub, settings):
    """An OAuth client on the stand-in; alice may log in."""
    point_at(hub, settings)
    settings.GITHUB_LOGIN_ALLOWED_LOGINS = ["Alice"]
    client = hub.accounts.register(f"{settings.SITE_URL}{ANSWER}")
    settings.GITHUB_CLIENT_ID, settings.GITHUB_CLIENT_SECRET = client
    return hub.accounts


def consent(answer):
    """The person presses the button on GitHub's page; the query that their browser comes back with."""
    assert answer.status_code == 302, answer.content.decode()[:2000]
    assert requests.get(answer.url, timeout=5).status_code == 200
    back = requests.post(answer.url, allow_redirects=False, timeout=5).headers["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


def log_in(client, **fields):
    return client.get(ANSWER, consent(client.post(LOGIN, fields)))


def is_logged_in(client):
    return "_auth_user_id" in client.session


def test_who_is_on_the_list_logs_in_and_may_look_at_nothing_yet(client, oauth):
    page = client.get("/admin/login/")
    assert "Log in by GitHub" in page.content.decode()
    assert (
        f"form-action 'self' http://127.0.0.1:{urlsplit(oauth_url()).port}" in page["Content-Security-Policy"]
    )
    create_project(name="of others")
    before = client.session.session_key
    assert log_in(client).url == "/admin/"
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("alice", True, False)
    assert not user.has_usable_password()
    assert client.session.session_key != before
    assert "of others" not in client.get("/admin/").content.decode()
    log_in(type(client)())
    assert User.objects.count() == GitHubIdentity.objects.count() == 1


def oauth_url():
    from django.conf import settings

    return settings.GITHUB_WEB_URL


def test_without_a_list_nobody_logs_in_and_the_button_is_not_there(client, oauth, settings):
    settings.GITHUB_LOGIN_ALLOWED_LOGINS = []
    page = client.get("/admin/login/")
    assert "GitHub" not in page.content.decode()
    assert page["Content-Security-Policy"].endswith("form-action 'self'")
    assert client.post(LOGIN).status_code == 404


def test_who_is_not_on_the_list_is_refused_in_a_sentence(client, oauth):
    oauth.signed_in = "mallory"
    answer = log_in(client)
    assert (answer.status_code, "mallory may not log in here" in answer.content.decode()) == (403, True)
    assert not is_logged_in(client)
    assert (User.objects.count(), GitHubIdentity.objects.count()) == (0, 0)
    assert AuditEvent.objects.get().verb == "login.refused"


def test_a_member_of_a_listed_organization_logs_in(client, oauth, settings, hub):
    settings.GITHUB_LOGIN_ALLOWED_LOGINS, settings.GITHUB_LOGIN_ALLOWED_ORGS = [], ["Acme"]
    assert log_in(client).status_code == 403
    hub._ledger.organizations["alice"] = {"acme"}
    assert log_in(client).status_code == 302
    assert is_logged_in(client)


def test_an_account_is_never_taken_over_by_its_name(client, oauth):
    root = create_superuser(username="alice", email="alice@example.com")
    log_in(client)
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert user.pk != root.pk
    assert (user.is_superuser, user.username.startswith("alice-")) == (False, True)


def test_a_switched_off_user_stays_out(client, oauth):
    log_in(client)
    User.objects.update(is_active=False)
    other = type(client)()
    assert log_in(other).status_code == 403
    assert not is_logged_in(other)


@pytest.mark.parametrize("forged", ["", "forged", "ü"])
def test_a_forged_state_logs_nobody_in_and_uses_up_the_true_one(client, oauth, forged):
    query = consent(client.post(LOGIN))
    asked = len(oauth.codes)
    answer = client.get(ANSWER, query | {"state": forged})
    assert (answer.status_code, "not asked for from this browser" in answer.content.decode()) == (400, True)
    assert client.get(ANSWER, query).status_code == 400
    assert not is_logged_in(client)
    assert len(oauth.codes) == asked


def test_a_repeated_answer_and_one_of_another_browser_are_refused(client, oauth):
    query = consent(client.post(LOGIN))
    stranger = type(client)()
    stranger.post(LOGIN)
    assert stranger.get(ANSWER, query).status_code == 400
    assert client.get(ANSWER, query).status_code == 302
    client.logout()
    assert client.get(ANSWER, query).status_code == 400
    assert not is_logged_in(client)
    assert not is_logged_in(stranger)


def test_a_code_without_its_verifier_is_worth_nothing(client, oauth, settings):
    query = consent(client.post(LOGIN))
    session = client.session
    kept = session["asked-of-github"]
    kept["account"]["verifier"] = "another"
    session["asked-of-github"] = kept
    session.save()
    answer = client.get(ANSWER, query, follow=True)
    assert "incorrect or expired" in answer.content.decode()
    assert not is_logged_in(client)


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/admin/doctor/", "/admin/doctor/"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example", "/admin/"),
    ],
)
def test_the_way_back_stays_on_this_site(client, oauth, asked, reached):
    assert log_in(client, next=asked).url == reached


def test_a_person_who_says_no_is_back_at_the_login(client, oauth):
    state = parse_qs(urlsplit(client.post(LOGIN).url).query)["state"][0]
    answer = client.get(ANSWER, {"error": "access_denied", "state": state}, follow=True)
    assert "did not agree" in answer.content.decode()


def test_too_many_refused_answers_are_braked(client, oauth, settings):
    settings.GITHUB_LOGIN_ALLOWED_LOGINS = ["nobody-else"]
    said = [log_in(client).content.decode() for _ in range(11)]
    assert "Too many tries" in said[-1]
    assert "Too many tries" not in said[-2]


def test_github_down_is_a_sentence_at_the_login(client, oauth, settings):
    query = consent(client.post(LOGIN))
    settings.GITHUB_WEB_URL = "http://127.0.0.1:9"
    page = client.get(ANSWER, query, follow=True).content.decode()
    assert "gave no whole answer" in page
    assert query["code"] not in page


@pytest.fixture
def person(client, oauth):
    person = create_superuser(password="a long pass phrase")
    client.force_login(person)
    return person


def connect(client):
    return client.get(ANSWER, consent(client.post(reverse("admin:github-connect"))), follow=True)


def test_ones_own_account_is_connected_and_a_project_is_linked_by_it(client, person, oauth):
    page = connect(client).content.decode()
    assert "Connected: alice." in page
    identity = GitHubIdentity.objects.get()
    assert (identity.user, identity.github_id, identity.login) == (
        person,
        oauth.ledger.user_id("alice"),
        "alice",
    )
    parts = identity.credential.parts()
    assert parts["access"].startswith("ghu_")
    for shown in (page, client.get(ACCOUNT).content.decode(), client.get("/admin/link/").content.decode()):
        assert parts["access"] not in shown
        assert parts["refresh"] not in shown
    fields = {"github_repo": "acme/calc", "way": "account", "agent": "claude_code"}
    assert client.post("/admin/link/", fields).status_code == 302
    project = Project.objects.get()
    assert project.credential == identity.credential
    answer = client.post(reverse("admin:github-disconnect"), follow=True)
    assert "Projects work by this account: calc" in answer.content.decode()
    assert GitHubIdentity.objects.exists()


def test_an_answer_works_once_though_github_would_take_its_code_again(client, person, oauth):
    query = consent(client.post(reverse("admin:github-connect")))
    code = oauth.codes[query["code"]]
    assert client.get(ANSWER, query).status_code == 302
    oauth.codes[query["code"]] = code
    assert client.get(ANSWER, query).status_code == 400
    assert query["code"] in oauth.codes


def test_disconnecting_forgets_the_tokens(client, person):
    connect(client)
    client.post(reverse("admin:github-disconnect"))
    assert (GitHubIdentity.objects.count(), Credential.objects.filter(kind="oauth").count()) == (0, 0)


def test_an_account_belongs_to_one_user(client, person, oauth):
    connect(client)
    other = type(client)()
    other.force_login(create_user(is_staff=True))
    assert "belongs to another user" in connect(other).content.decode()
    oauth.signed_in = "bob"
    assert "You have connected alice" in connect(client).content.decode()
    assert GitHubIdentity.objects.get().user == person


def test_an_answer_to_somebody_who_logged_out_meanwhile_connects_nothing(client, person):
    query = consent(client.post(reverse("admin:github-connect")))
    client.force_login(create_user(is_staff=True))
    assert client.get(ANSWER, query).status_code == 400
    assert GitHubIdentity.objects.count() == 0


def test_a_login_that_was_begun_before_another_one_connects_nothing(client, oauth):
    """The session is the same, the person may not be."""
    query = consent(client.post(LOGIN))
    client.force_login(create_user(is_staff=True))
    assert "asked-of-github" in client.session
    assert client.get(ANSWER, query).status_code == 400
    assert GitHubIdentity.objects.count() == 0


def test_without_a_client_the_page_says_what_is_missing(client, person, settings):
    settings.GITHUB_CLIENT_ID = ""
    assert "No OAuth client is configured" in client.get(ACCOUNT).content.decode()
    answer = client.post(reverse("admin:github-connect"), follow=True)
    assert "Set GITHUB_CLIENT_ID" in answer.content.decode()
