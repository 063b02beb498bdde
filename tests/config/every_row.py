"""One row of every model of ours on one project, carrying a mark wherever it can."""

from __future__ import annotations

from django.utils import timezone

from automation.models import Alert, Effect, Host, Notification, NotificationRoute, WebhookDelivery
from issues.models import IssueSession, SessionEvent
from projects.access import create_token
from projects.models import GitHubApp, GitHubIdentity, Project
from projects.models.audit import record
from tests.factories import (
    create_attempt,
    create_credential,
    create_membership,
    create_result,
    create_session,
)

OF_THE_INSTALLATION = (GitHubApp, GitHubIdentity, Host)
SINCE = {"first_at": timezone.now(), "last_at": timezone.now()}


def fill(project: Project, owner, mark: str) -> IssueSession:
    """The session; everything else hangs on it, on the project or on the owner."""
    project.credential = create_credential()
    project.credential.login = mark
    project.credential.save(update_fields=["login"])
    project.save(update_fields=["credential"])
    GitHubApp.objects.create(
        api_url=project.credential.api_url, app_id=1, name=mark, slug="app", credential=create_credential()
    )
    GitHubIdentity.objects.create(user=owner, github_host="github.com", github_id=1, login=mark)
    Alert.objects.create(kind="quota_low", subject=mark, project=project, message=mark, **SINCE)
    Host.objects.create(name=mark)
    session = create_session(project=project, github_issue_title=mark)
    create_attempt(session, message=mark)
    create_result(session, name=mark)
    SessionEvent.objects.create(issue_session=session, actor=mark, verb="moved")
    record(actor=mark, verb="x", subject=mark)
    record(actor=mark, verb="x", subject=mark, project=project)
    if not project.memberships.filter(user=owner).exists():
        create_membership(project=project, user=owner)
    create_token(owner, scope="read", name=mark)
    Effect.objects.create(issue_session=session, round=1, kind="push")
    WebhookDelivery.objects.create(delivery_id=mark + "2", event=mark)
    WebhookDelivery.objects.create(delivery_id=mark, event=mark, project=project)
    route = NotificationRoute.objects.create(project=project, channel="email", target=mark)
    Notification.objects.create(route=route, issue_session=session, event=mark, dedupe_key="k")
    return session
