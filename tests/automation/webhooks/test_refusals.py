"""What comes to the webhook's address and is no delivery for us: each kind has its own answer and leaves no trace."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from automation.models import WebhookDelivery
from automation.webhooks import inbox, receiving, signatures
from issues.models import IssueSession, SessionEvent
from projects.models import AuditEvent, Project
from tests.automation.webhooks.signing import SECRET, deliver, hooked_project, payload_of, sign
from tests.factories import API_URL, create_project, create_session

pytestmark = pytest.mark.django_db
OTHERS = "the-secret-of-another-project"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture(autouse=True)
def api_url(settings):
    settings.GITHUB_API_URL = API_URL


@pytest.fixture
def project():
    project = hooked_project()
    hooked_project(OTHERS, github_id=99)
    create_session(project=project, github_issue_number=7, pr_number=8, status="pr_created")
    return project


@pytest.fixture
def order(monkeypatch):
    """In which order a body is checked and read: every reader there is, each doing its work."""
    seen = []
    watch(monkeypatch, seen, signatures, "signer_of", "signature")
    watch(monkeypatch, seen, receiving, "_read", "bytes")
    watch(monkeypatch, seen, receiving, "_payload", "payload")
    watch(monkeypatch, seen, HttpRequest, "_load_post_and_files", "form")
    return seen


def watch(monkeypatch, seen, place, name, word):
    real = getattr(place, name)

    def noted(*args, **kwargs):
        seen.append(word)
        return real(*args, **kwargs)

    monkeypatch.setattr(place, name, noted)


def state():
    """All that a delivery may touch besides its own row."""
    models = (Project, IssueSession, SessionEvent, AuditEvent, OrmQ)
    return [list(model.objects.order_by("pk").values()) for model in models]


def delivery_of(kind, project):
    """What is sent: event, payload or raw body, and the headers that differ."""
    opened = payload_of(project, action="opened", issue={"number": 7})
    unread = json.dumps(opened).encode()
    large = b'{"padding": "' + b"x" * (26 * 1024 * 1024) + b'"}'
    foreign = payload_of(create_project(github_id=55), action="opened")
    return {
        "forged": ("issues", opened, {"secret": "a-guess"}),
        "unsigned": ("issues", opened, {"X_Hub_Signature_256": ""}),
        "SHA-1 only": (
            "issues",
            opened,
            {"X_Hub_Signature_256": "", "X_Hub_Signature": sign(unread, SECRET, "sha1")},
        ),
        "26 MB": ("issues", None, {"body": large}),
        "not JSON": ("issues", None, {"body": b"action=opened"}),
        "not JSON and forged": ("issues", None, {"body": b"action=opened", "secret": "a-guess"}),
        "an unknown event": ("sponsorship", opened, {}),
        "another project's secret": ("issues", opened, {"secret": OTHERS}),
        "another repository": ("issues", foreign, {}),
    }[kind]


REFUSED = [
    ("forged", 401, ["bytes", "signature"]),
    ("unsigned", 401, []),
    ("SHA-1 only", 401, []),
    ("26 MB", 413, []),
    ("not JSON", 400, ["bytes", "signature", "payload"]),
    ("not JSON and forged", 401, ["bytes", "signature"]),
]
IGNORED = [
    ("an unknown event", inbox.UNUSED),
    ("another project's secret", inbox.UNLINKED),
    ("another repository", inbox.UNLINKED),
]


@pytest.mark.parametrize("content_type", [JSON, FORM])
@pytest.mark.parametrize(("kind", "status", "steps"), REFUSED, ids=[kind for kind, _, _ in REFUSED])
def test_each_kind_is_refused_with_its_own_status_writes_nothing_and_is_parsed_only_when_its_signature_is_good(
    project, order, kind, status, steps, content_type
):
    event, payload, more = delivery_of(kind, project)
    before = state()
    with CaptureQueriesContext(connection) as captured:
        answer = deliver(event, payload, content_type=content_type, **more)
    assert (answer.status_code, order) == (status, steps)
    assert answer.json()["detail"].endswith(".")
    assert not [query["sql"] for query in captured if query["sql"].startswith(WRITES)]
    assert (state(), WebhookDelivery.objects.count()) == (before, 0)


@pytest.mark.parametrize(("kind", "reason"), IGNORED, ids=[kind for kind, _ in IGNORED])
def test_what_is_signed_and_not_for_us_is_taken_and_kept_as_ignored_and_does_nothing_else(
    project, order, kind, reason
):
    event, payload, more = delivery_of(kind, project)
    before = state()
    assert deliver(event, payload, **more).status_code == 202
    assert order == ["bytes", "signature", "payload"]
    row = WebhookDelivery.objects.get()
    assert (row.state, row.reason) == ("ignored", reason)
    assert state() == before
