"""For loops that must not end: what fails in one thing that they do is told, and keeps nothing else from being done."""

from __future__ import annotations

import logging
from types import TracebackType

from django.db import InterfaceError, OperationalError

from automation.broker import RedisError
from projects.errors import AutowrkersError

logger = logging.getLogger(__name__)
NO_DATABASE = (OperationalError, InterfaceError)
OF_THE_WORLD = (AutowrkersError, RedisError, OSError)


class Apart:
    """Context manager: a failure inside is logged as `about`, a bug with its trace, and goes no further.

    Only a database that is away goes on its way up: without it nothing else could be done either.
    """

    def __init__(self, about: str) -> None:
        self._about = about
        self.error: Exception | None = None

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, NO_DATABASE):
            return False
        self.error = error
        if isinstance(error, OF_THE_WORLD):
            logger.warning("%s outcome=%s %s", self._about, _name(error), error)
        else:
            logger.error("%s outcome=internal_error", self._about, exc_info=error)
        return True


def _name(error: Exception) -> str:
    return error.code if isinstance(error, AutowrkersError) else type(error).__name__
