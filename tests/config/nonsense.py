"""What the tests of bad input share: one row of everything, a dump of all rows, and what a clear refusal is."""

from __future__ import annotations

from django.apps import apps
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from automation.models import Alert, Effect, Host, Notification, NotificationRoute, WebhookDelivery
from issues.models import SessionEvent
from projects.models import GitHubApp, GitHubIdentity
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
from tests.sharing import EVERY

HUGE = "9" * 20
REVERSING = "\u202eevil\u200b\ufeff"
OF_CLIENTS = {"django_session", "django_admin_log", "projects_requestcount"}
MOVES_BY_ITSELF = {"auth.User": "last_login", "projects.ApiToken": "last_used_at"}
EXEMPT = ("jsi18n", "api/")  # Django's own catalogue of words; the API has a module of its own
# Of these models every page is asked everything; the others' pages are of the same classes and share the cases.
ASKED_EVERYTHING = ("projects/project/", "issues/issuesession/", "auth/user/")
VERBS = {"session": "retry", "project": "sync"}
LOGOUT = "admin/logout/"
CLICKED = ("/delete/", "/replay/", "/webhook/make/", "/webhook/secret/", "/connect/", "/disconnect/")


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
        if route != "api" and not any(name in route for name in EXEMPT) and "(?P" not in route
    }
)


def is_button(route):
    """It asks for no more than a click."""
    return "<str:verb>" in route or "<str:check>" in route or route.endswith(CLICKED) or route == LOGOUT


def cases(routes, kinds, each=2):
    """(kind, its routes): pages take turns. Django's get `each` kinds apiece, ours and some of Django's a third of all.

    `AUTOWRKERS_EVERY=1` gives ours every kind, which takes minutes more.
    """
    kinds = list(kinds)
    ours = len(kinds) if EVERY else -(-len(kinds) // 3)
    chosen = {kind: [] for kind in kinds}
    for number, route in enumerate(routes):
        is_stock = route.count("/") > 3 and "<path:" in route or route.endswith("/add/")
        shares = is_stock and not any(name in route for name in ASKED_EVERYTHING)
        mine = [kinds[(number + step * 5) % len(kinds)] for step in range(each if shares else ours)]
        for kind in dict.fromkeys(mine):
            chosen[kind].append(route)
    return list(chosen.items())


def paths(route, pk, verb=""):
    """The route with `pk` in the place of every id, and a verb where it has one."""
    first = route.removeprefix("admin/").split("/")[0]
    filled = route.replace("<int:pk>", pk).replace("<path:object_id>", pk).replace("<id>", pk)
    verb = verb or ("token" if "/checks/" in route else VERBS.get(first, "x"))
    filled = filled.replace("<str:verb>", verb).replace("<str:check>", verb)
    filled = filled.replace("<path:content_type_id>", pk).replace("<path:rest>", "x")
    assert "<" not in filled, f"teach this test the arguments of {route}"
    return f"/{filled}"


def build_world():
    """One row of everything, all of it with the same id where the database allows; the ids by the path's word."""
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
    delivery = WebhookDelivery.objects.create(delivery_id="d", event="issues", project=project)
    route = NotificationRoute.objects.create(project=project, channel="email", target="a@example.com")
    Notification.objects.create(route=route, issue_session=session, event="e", dedupe_key="k")
    GitHubApp.objects.create(
        api_url=project.credential.api_url,
        app_id=1,
        name="a",
        slug="a",
        credential=create_credential('{"private_key": "k", "client_secret": "s", "webhook_secret": "w"}'),
    )
    GitHubIdentity.objects.create(user=user, github_host="github.com", github_id=1, login="a")
    now = timezone.now()
    Alert.objects.create(
        kind="disk_low", subject="a", message="m", project=project, first_at=now, last_at=now
    )
    Host.objects.create(name="a")
    return {
        "session": session.pk,
        "project": project.pk,
        "attempt": attempt.pk,
        "user": user.pk,
        "deliveries": delivery.pk,
    }


def own_path(world, route, verb=""):
    """The route with ids that are there."""
    parts = route.removeprefix("admin/").split("/")
    if len(parts) > 3 and "<path:object_id>" in route and parts[0] != "r":
        pk = apps.get_model(parts[0], parts[1])._default_manager.values_list("pk", flat=True).first()
        return paths(route, str(pk or world["project"]), verb)
    return paths(route, str(world.get("user" if "<id>" in route else parts[0], world["project"])), verb)


def dump():
    """Every row of every table but the login's own."""
    tables = [model for model in apps.get_models() if model._meta.db_table not in OF_CLIENTS]
    rows = {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in tables}
    for label, column in MOVES_BY_ITSELF.items():
        for row in rows[label]:
            del row[column]
    return rows


def is_clear(answer):
    text = b"" if answer.streaming else answer.content
    return answer.status_code < 500 and b"Traceback" not in text and b"Server Error" not in text


def assert_clear(answers):
    """`answers` are (what was asked, answer): all that broke are told at once."""
    unclear = [f"{asked[:200]}: {answer.status_code}" for asked, answer in answers if not is_clear(answer)]
    assert unclear == [], unclear
