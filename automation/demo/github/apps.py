"""GitHub Apps, where they are installed, and what their tokens reach. Use beyond that is refused and counted."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from automation.demo.github.access import Gate
from automation.demo.github.hooks import Delivery, Hook, check_url, new_guid
from automation.demo.github.refusals import Refusal, not_found
from automation.demo.github.state import Ledger, Repository

TOKEN_LIFE = timedelta(hours=1)
LEVELS = ("", "read", "write", "admin")
# What is asked of a repository (the path behind its name) -> the permission for it; the first match counts.
NEEDS = [
    (re.compile(pattern), permission)
    for pattern, permission in (
        (r"/pulls/\d+/merge", "contents"),
        (r"/pulls(/.*)?", "pull_requests"),
        (r"/(issues|labels|milestones|assignees)(/.*)?", "issues"),
        (r"/commits/.+/status(es)?|/statuses/.+", "statuses"),
        (r"/commits/.+/check-(runs|suites)|/check-runs(/.*)?", "checks"),
        (r"/branches/.+/protection(/.*)?", "administration"),
        (r"/hooks(/.*)?", "repository_hooks"),
        (r"/(branches|commits|compare|contents|git)(/.*)?", "contents"),
        (r"|/rules/branches/.+|/collaborators/.+/permission", "metadata"),
    )
]
PLACE = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))(?P<rest>/.*)?")


@dataclass
class App:
    id: int
    slug: str
    owner: str
    private_key: str
    permissions: dict[str, str]
    client_id: str
    client_secret: str
    callbacks: list[str] = field(default_factory=list)
    hook: Hook | None = None

    @property
    def public_key(self) -> str:
        key = load_pem_private_key(self.private_key.encode(), None).public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def bot(self) -> str:
        return f"{self.slug}[bot]"


@dataclass
class Installation:
    id: int
    app: App
    owner: str
    repositories: set[int]
    permissions: dict[str, str]
    suspended: bool = False


@dataclass
class Grant:
    """What one token was made for."""

    installation: Installation
    repositories: set[int]
    permissions: dict[str, str]


@lru_cache(maxsize=1)
def _private_key() -> str:
    """One for all Apps of this process: making one takes a tenth of a second."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


class Apps:
    def __init__(self, ledger: Ledger, gate: Gate) -> None:
        self._ledger, self._gate = ledger, gate
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.grants: dict[str, Grant] = {}
        self.codes: dict[str, App] = {}
        self.out_of_scope: list[str] = []

    def create(
        self,
        slug: str,
        permissions: dict[str, str],
        *,
        owner: str = "alice",
        hook_url: str = "",
        events: Iterable[str] = (),
    ) -> App:
        """Raises Refusal for the address of a webhook that cannot be reached."""
        number = self._ledger.next_id()
        client = (f"Iv23li{secrets.token_hex(7)}", secrets.token_hex(20))
        app = App(number, slug, owner, _private_key(), permissions | {"metadata": "read"}, *client)
        if hook_url:
            place = (self._ledger.next_id(), check_url(hook_url), secrets.token_hex(20), list(events))
            app.hook = Hook(*place, active=True, created_at=self._ledger.now(), app_id=number)
        self.apps[number] = app
        return app

    def hooks_of(self, repo: Repository) -> Iterator[Hook]:
        """Of the Apps that may see the repository."""
        for each in self.installations.values():
            if each.app.hook and repo.id in each.repositories and not each.suspended:
                yield each.app.hook

    def _tell(self, installation: Installation, action: str) -> None:
        """Every App with a webhook gets these, unasked."""
        if (hook := installation.app.hook) is None or not hook.active:
            return
        moment, number = self._ledger.now(), self._ledger.next_id()
        delivery = Delivery(number, new_guid(), "installation", action, 0, moment)
        about = {"id": installation.id, "app_id": installation.app.id}
        payload = {"action": action, "installation": about, "sender": {"login": installation.owner}}
        self._ledger.postman.send(hook, delivery, lambda: payload)

    def install(self, app: App, *repositories: Repository, permissions: dict[str, str] | None = None) -> int:
        """On the owner of the repositories; the App's own permissions are accepted unless others are given."""
        number = self._ledger.next_id()
        accepted = app.permissions if permissions is None else permissions
        ids = {repo.id for repo in repositories}
        self.installations[number] = Installation(number, app, repositories[0].owner, ids, dict(accepted))
        for repo in repositories:
            repo.permissions[app.bot] = "write"
        self._tell(self.installations[number], "created")
        return number

    def uninstall(self, number: int) -> None:
        """Its tokens die with it."""
        self._tell(self.installations.pop(number), "deleted")
        for token in [token for token, grant in self.grants.items() if grant.installation.id == number]:
            del self.grants[token], self._gate.tokens[token]

    def suspend(self, number: int, *, lift: bool = False) -> None:
        self.installations[number].suspended = not lift
        self._tell(self.installations[number], "unsuspend" if lift else "suspend")

    def identify(self, token: str) -> App:
        """The App that signed this token.

        https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
        """
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            app = self.apps[int(claims["iss"])]
            jwt.decode(
                token,
                app.public_key,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False},  # by the stand-in's own clock, below
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise Refusal(401, "A JSON web token could not be decoded") from None
        now = self._ledger.clock().timestamp()
        if claims["exp"] > now + 600:
            raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
        if claims["iat"] > now or claims["exp"] < now:
            raise Refusal(401, "'Issued at' claim ('iat') must be an Integer representing the present time")
        return app

    def issue(self, installation: Installation, repositories: set[int], permissions: dict[str, str]) -> str:
        """A token in the long form that GitHub gives since 2026: no forty characters."""
        claims = {"sub": str(installation.id), "jti": secrets.token_hex(96)}
        token = f"ghs_{installation.app.id}_{jwt.encode(claims, secrets.token_hex(32), algorithm='HS256')}"
        self.grants[token] = Grant(installation, repositories, permissions)
        self._gate.tokens[token] = installation.app.bot
        self._gate.ends[token] = self._ledger.now() + TOKEN_LIFE
        return token

    def ends_of(self, token: str) -> datetime:
        return self._gate.ends[token]

    def check(self, token: str, method: str, path: str) -> None:
        """Raises Refusal for what the token was not made for."""
        grant = self._grant(token)
        if grant is None:
            return
        place = PLACE.fullmatch(path)
        if place is None:
            self._refuse(f"{method} {path}", 403)
            return
        name, number = place["name"], place["id"]
        repo = self._ledger.find(name) if name else self._ledger.find_by_id(int(number))
        permission = next((need for pattern, need in NEEDS if pattern.fullmatch(place["rest"] or "")), "")
        wanted = "read" if method in ("GET", "HEAD") else "write"
        self._require(grant, repo, permission, wanted, f"{method} {path}")

    def check_git(self, token: str, repo: Repository | None, *, pushes: bool) -> None:
        if grant := self._grant(token):
            self._require(grant, repo, "contents", "write" if pushes else "read", "git")

    def _grant(self, token: str) -> Grant | None:
        grant = self.grants.get(token)
        if grant is not None and grant.installation.suspended:
            raise Refusal(403, "This installation has been suspended")
        return grant

    def _require(
        self, grant: Grant, repo: Repository | None, permission: str, wanted: str, what: str
    ) -> None:
        if repo is None or repo.id not in grant.repositories:
            self._refuse(what, 404)
        if LEVELS.index(grant.permissions.get(permission, "")) < LEVELS.index(wanted):
            self._refuse(what, 403)

    def _refuse(self, what: str, status: int) -> None:
        self.out_of_scope.append(what)
        raise not_found() if status == 404 else Refusal(403, "Resource not accessible by integration")
