"""The Deliveries page: whose deliveries are shown, what became of them, and Replay."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django_q.models import OrmQ

from automation.models import WebhookDelivery
from automation.pages import deliveries
from projects.models import Role
from projects.models.audit import AuditEvent
from tests.factories import create_project, create_superuser, create_user

pytestmark = pytest.mark.django_db
PAGE = "/admin/deliveries/"


def create_delivery(guid, **values):
    return WebhookDelivery.objects.create(
        **{"delivery_id": guid, "event": "issues", "state": "done"} | values
    )


@pytest.fixture
def project():
    return create_project(name="calc")


@pytest.fixture
def operator(client, project):
    client.force_login(create_user(Role.OPERATOR, project=project, is_staff=True))
    return client


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def test_people_see_the_deliveries_of_their_projects_and_superusers_those_of_none(client, operator, project):
    create_delivery("of-mine", project=project)
    create_delivery("of-another", project=create_project())
    create_delivery("of-none", state="ignored", reason="No project links it.")
    text = text_of(operator.get(PAGE))
    assert "of-mine" in text
    assert "of-another" not in text
    assert "of-none" not in text
    client.force_login(create_superuser())
    text = text_of(client.get(PAGE))
    assert "of-none" in text
    assert "No project links it." in text


def test_each_state_is_a_word_with_an_icon_and_a_reason(operator, project):
    for state in ("received", "done", "ignored", "failed"):
        create_delivery(f"d-{state}", project=project, state=state, reason=f"because {state}", attempts=3)
    text = text_of(operator.get(PAGE))
    for standing in deliveries.STANDINGS.values():
        assert f'tone-{standing.tone}"><span aria-hidden="true">{standing.icon}</span>{standing.word}' in text
    assert text.count("because ") == 4


def test_events_are_told_in_words(operator, project):
    create_delivery("d", project=project, event="pull_request", action="ready_for_review")
    text = text_of(operator.get(PAGE))
    assert "Pull request: ready for review" in text
    assert '<option value="pull_request_review_comment">Pull request review comment</option>' in text


def test_filters_are_in_the_address(operator, project):
    create_delivery("one", project=project, event="push", state="failed")
    create_delivery("two", project=project)
    for query in ("state=failed", "event=push", f"project={project.pk}&state=failed&event=push"):
        text = text_of(operator.get(f"{PAGE}?{query}"))
        assert "one" in text
        assert ">two<" not in text
    assert operator.get(f"{PAGE}?state=lost").status_code == 400
    assert operator.get(f"{PAGE}?event=nothing").status_code == 400
    assert "No delivery fits" in text_of(operator.get(f"{PAGE}?state=received"))


def test_long_lists_are_leafed_through(operator, project, monkeypatch):
    monkeypatch.setattr(deliveries, "PAGE", 2)
    rows = [create_delivery(f"guid-{number}", project=project) for number in range(5)]
    text = text_of(operator.get(PAGE))
    assert "guid-4" in text
    assert "guid-2" not in text
    older = f"{PAGE}?before={rows[3].pk}"
    assert f'href="{older}"' in text
    text = text_of(operator.get(older))
    assert "guid-2" in text
    assert "guid-3" not in text
    assert f'href="{PAGE}" rel="first"' in text


def test_replay_lets_a_stored_delivery_be_handled_again(
    operator, project, django_capture_on_commit_callbacks
):
    row = create_delivery("again", project=project, state="failed", attempts=10, reason="It failed.")
    url = reverse("admin:delivery-replay", args=[row.pk])
    assert url in text_of(operator.get(PAGE))
    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(url, {"next": f"{PAGE}?state=failed"})
    assert answer["Location"] == f"{PAGE}?state=failed"
    row.refresh_from_db()
    assert (row.state, row.attempts, row.reason, OrmQ.objects.count()) == ("received", 0, "", 1)
    assert AuditEvent.objects.get().verb == "delivery.replayed"


def test_what_has_no_project_or_asks_for_nothing_is_not_replayed(client, project):
    client.force_login(create_superuser())
    for row in (create_delivery("none"), create_delivery("star", project=project, event="star")):
        url = reverse("admin:delivery-replay", args=[row.pk])
        assert url not in text_of(client.get(PAGE))
        assert client.post(url).status_code == 404


def test_a_viewer_looks_and_does_not_replay(client, project):
    client.force_login(create_user(Role.VIEWER, project=project, is_staff=True))
    row = create_delivery("mine", project=project)
    url = reverse("admin:delivery-replay", args=[row.pk])
    assert url not in text_of(client.get(PAGE))
    assert client.post(url).status_code == 403
