"""The log's lines: a request that we refuse is told in one, with the words of the refusal in place of a trace."""

from __future__ import annotations

import logging
from http import HTTPStatus

from issues.sanitize import clean_line

LONGEST = 300


class RefusalFilter(logging.Filter):
    """Answers below 500 are no failure of ours: where they were raised helps nobody."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR)
        if not record.exc_info or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return True
        message, said = record.getMessage(), str(record.exc_info[1])
        if said and said not in message:
            message = f"{message}: {said}"
        record.msg, record.args = clean_line(message, limit=LONGEST), ()
        record.exc_info = record.exc_text = None
        return True
