"""What a step is given."""

from __future__ import annotations

import pytest

from automation.environment import environment_for
from automation.holding import Holding
from issues.models import IssueSession
from issues.states import Status
from projects import leases
from projects.errors import OperatorError
from tests.factories import create_session
from tests.linking import link

pytestmark = pytest.mark.django_db(transaction=True)


def test_only_a_step_that_needs_the_sandbox_finds_out_that_there_is_none(hub, settings, token, tmp_path):
    settings.AUTOWRKERS_WORKSPACE_ROOT = tmp_path
    settings.AUTOWRKERS_SANDBOX = "no such sandbox"
    session = create_session(project=link(hub, settings, token), status=Status.IN_PROGRESS)
    lease = leases.claim(IssueSession, session.pk)
    with Holding(lease) as holding, environment_for(session, holding) as environment:
        assert environment.github.get_login() == "autowrkers-bot"
        with pytest.raises(OperatorError):
            _ = environment.sandbox
