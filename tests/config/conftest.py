"""Rows and clients for the tests of bad input."""

from __future__ import annotations

import logging

import pytest

from tests.config.nonsense import build_world
from tests.factories import create_superuser


@pytest.fixture
def world(db):
    return build_world()


@pytest.fixture(autouse=True)
def quiet(request):
    """Refusals are not logged: they are thousands."""
    if "caplog" not in request.fixturenames:
        logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def staff(world, client):
    """A superuser's browser that shows failures as pages, as a real one does."""
    client.force_login(create_superuser())
    client.raise_request_exception = False
    return client
