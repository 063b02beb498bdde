"""What travels over the wire: a request, a reply, and the record of both that tests look at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Request:
    """`path` is as sent but without the API's prefix; header names are lower case."""

    method: str
    path: str
    query_string: str
    headers: dict[str, str]
    body: bytes
    kind: str  # api, git or page

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))


@dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """One request and its answer (status 0: none); `injected` when a fault had a hand in it. It came `at` a moment."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    status: int
    answer: bytes
    kind: str = "api"
    injected: bool = False
    at: datetime = datetime.min


@dataclass
class Fault:
    """Something that goes wrong with the next `times` requests that match, after letting `skip` of them pass.

    Actions: `answer` (status, headers, body as given), `html` (an error page), `malformed` (the true JSON cut
    short), `drop_before` and `drop_after` acting (the connection ends without an answer), `delay` (by
    `seconds`), `revoke` (the token is dead from here on), `primary` and `secondary` (the token is limited for
    `seconds`; the latter names them in Retry-After unless `announce` is off).
    """

    action: str
    path: str = ""
    method: str = ""
    times: int = 1
    skip: int = 0
    status: int = 502
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 60
    announce: bool = True

    def takes(self, request: Request) -> bool:
        """Whether this fault hits this request; counts down."""
        if (
            self.times <= 0
            or self.method not in ("", request.method)
            or not re.search(self.path, request.path)
        ):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True
