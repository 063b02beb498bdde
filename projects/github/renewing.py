"""A transport that asks for its token at each request: one that ends after an hour is replaced in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from projects.github.transport import Transport
from projects.redaction import register


class _FreshToken(requests.auth.AuthBase):
    """Puts the present token on a request and shows it nowhere else."""

    def __init__(self, give: Callable[[], str]) -> None:
        self._give = give

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._give()
        register(token)
        request.headers["Authorization"] = f"Bearer {token}"
        return request


class RenewingTransport(Transport):
    """`give_token` answers at once while its token is good, and raises what `Transport` may raise."""

    _auth: requests.auth.AuthBase

    def __init__(self, api_url: str, give_token: Callable[[], str], **options: Any) -> None:
        super().__init__(api_url, give_token(), **options)
        self._auth = _FreshToken(give_token)
