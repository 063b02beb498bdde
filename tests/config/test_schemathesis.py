"""The API against its own schema: whatever is asked, by whomever, the answer is one that the schema describes."""

from __future__ import annotations

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from issues.transitions import note
from projects.models import Role, Scope
from tests.factories import (
    create_alert,
    create_attempt,
    create_delivery,
    create_result,
    create_session,
    create_superuser,
    create_token,
    create_user,
)

EXAMPLES = int(os.environ.get("API_EXAMPLES", "4"))
SEED = int(os.environ.get("API_SEED", "0"))  # another one asks other things; a failure prints it
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ATTEMPT, ISSUE = 3, 5
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture
def rows(db, settings):
    """Ids that hit: a project of the caller with a session and one of everything, and a foreign project."""
    settings.API_READS_PER_MINUTE = settings.API_CHANGES_PER_MINUTE = settings.API_ANONYMOUS_PER_MINUTE = 0
    session = create_session(status="failed", github_issue_number=ISSUE, github_issue_labels=["bug"])
    create_attempt(session, number=ATTEMPT)
    create_result(session)
    note(session, "noted", actor="somebody")
    create_delivery(project=session.project, payload={"issue": ISSUE, "branches": ["main"]})
    create_alert(project=session.project)
    return session, create_session()


@pytest.fixture
def schema(rows):
    """Its calls stay on the test's own connection, as those of Django's test client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield load()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def load():
    return schemathesis.openapi.from_wsgi("/api/schema?format=json", get_wsgi_application())


def headers_of(caller, project):
    match caller:
        case "anonymous":
            return {}
        case "admin":
            token = create_token(create_superuser(), Scope.ADMIN)
        case "operator":
            token = create_token(create_user(Role.OPERATOR, project=project), Scope.OPERATE)
        case "viewer":
            token = create_token(create_user(Role.VIEWER, project=project), Scope.READ)
    return {"Authorization": f"Bearer {token}"}


def aim(case, session):
    """Let the ids of the path name rows that are there."""
    pk = session.project_id if case.path.startswith("/api/projects") else session.pk
    known = {"id": pk, "num": session.github_issue_number, "number": ATTEMPT}
    case.path_parameters = {name: known[name] for name in case.path_parameters or {}}


@pytest.mark.parametrize("mode", MODES, ids=["valid", "invalid"])
@pytest.mark.parametrize("caller", ["admin", "operator", "viewer", "anonymous"])
def test_every_answer_is_described(rows, schema, caller, mode):
    print(f"API_SEED={SEED} API_EXAMPLES={EXAMPLES}")
    own, foreign = rows
    headers = headers_of(caller, own.project)
    asked = 0
    for result in schema.get_all_operations():
        strategy = result.ok().as_strategy(generation_mode=mode)

        @seed(SEED)
        @example_settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, target=st.sampled_from([own, own, foreign, None]))
        def ask(case, target):
            nonlocal asked
            asked += 1
            if target is not None:
                aim(case, target)
            with transaction.atomic():
                case.call_and_validate(headers=headers, checks=CHECKS)
                transaction.set_rollback(True)

        ask()
    assert asked
