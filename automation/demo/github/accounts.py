"""OAuth for people: codes, access tokens that end, refresh tokens that work once.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from automation.demo.github.access import Gate
from automation.demo.github.apps import Apps
from automation.demo.github.state import Ledger

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(hours=8)
REFRESH_LIFE = timedelta(days=183)
Answer = dict[str, object]


@dataclass
class Client:
    secret: str
    callbacks: list[str]
    tokens_end: bool = True


@dataclass
class Code:
    client_id: str
    login: str
    callback: str
    challenge: str
    scopes: str
    ends: datetime


@dataclass
class Refresh:
    client_id: str
    access: str
    ends: datetime


@dataclass
class Accounts:
    """`signed_in`: whose browser comes to the page that asks for consent."""

    ledger: Ledger
    gate: Gate
    apps: Apps
    signed_in: str = "alice"
    clients: dict[str, Client] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, Refresh] = field(default_factory=dict)
    refreshed: int = 0

    def register(self, callback: str, *, tokens_end: bool = True) -> tuple[str, str]:
        """An OAuth App: its id and its secret."""
        name = f"Ov23li{secrets.token_hex(7)}"
        self.clients[name] = Client(secrets.token_hex(20), [callback], tokens_end)
        return name, self.clients[name].secret

    def client(self, name: str) -> Client | None:
        """An OAuth App, or a GitHub App's own client."""
        for app in self.apps.apps.values():
            if app.client_id == name:
                return Client(app.client_secret, app.callbacks)
        return self.clients.get(name)

    def consent(self, asked: dict[str, str]) -> str | None:
        """The person says yes: a code for the client. None for a client or an address that GitHub does not know."""
        client = self.client(asked.get("client_id", ""))
        if client is None or asked.get("redirect_uri") not in client.callbacks:
            return None
        code, ends = secrets.token_hex(10), self.ledger.now() + CODE_LIFE
        about = (asked["client_id"], self.signed_in, asked["redirect_uri"], asked.get("code_challenge", ""))
        self.codes[code] = Code(*about, asked.get("scope", ""), ends)
        return code

    def exchange(self, asked: dict[str, str]) -> Answer:
        """What the token address answers; a refusal is an answer too."""
        name = asked.get("client_id", "")
        client = self.client(name)
        if client is None or not secrets.compare_digest(client.secret, asked.get("client_secret", "")):
            return _refusal(
                "incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."
            )
        if asked.get("grant_type") == "refresh_token":
            return self._renew(name, client, asked.get("refresh_token", ""))
        code = self.codes.pop(asked.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        fits = code is not None and code.client_id == name and code.ends > self.ledger.now()
        if code is None or not fits or (code.challenge and code.challenge != challenge.decode().rstrip("=")):
            return _refusal("bad_verification_code", "The code passed is incorrect or expired.")
        return self._issue(name, client, code.login, code.scopes)

    def _renew(self, name: str, client: Client, text: str) -> Answer:
        found = self.refresh_tokens.pop(text, None)
        if found is None or found.client_id != name or found.ends <= self.ledger.now():
            return _refusal("bad_refresh_token", "The refresh token passed is incorrect or expired.")
        self.refreshed += 1
        login = self.gate.tokens.pop(found.access, "")
        return self._issue(name, client, login, "")

    def _issue(self, name: str, client: Client, login: str, scopes: str) -> Answer:
        access = f"ghu_{secrets.token_hex(18)}"
        self.gate.tokens[access] = login
        shown: Answer = {"access_token": access, "token_type": "bearer", "scope": scopes}
        if not client.tokens_end:
            return shown
        now, refresh = self.ledger.now(), f"ghr_{secrets.token_hex(38)}"
        self.gate.ends[access] = now + ACCESS_LIFE
        self.refresh_tokens[refresh] = Refresh(name, access, now + REFRESH_LIFE)
        return shown | {
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": refresh,
            "refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        }


def _refusal(error: str, description: str) -> Answer:
    return {"error": error, "error_description": description, "error_uri": "https://docs.github.com/apps"}
