"""What the product asks of GitHub as an App: where it is installed, and tokens that reach one repository each.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt

from projects.errors import OperatorError
from projects.github.decoding import Fields
from projects.github.errors import BadCredentials, Forbidden, GitHubError, NotFound, ValidationFailed
from projects.github.hooks import DeliveryLog
from projects.github.transport import Transport
from projects.validators import is_repo

# The least that the main job needs. Without `workflows`, a push that changes a workflow is refused.
PERMISSIONS = {
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "read",
    "statuses": "read",
    "metadata": "read",
}
SET_BACK = timedelta(seconds=60)  # against a clock that runs ahead of GitHub's
LIFETIME = timedelta(minutes=9)  # GitHub takes ten at most


class AppRefused(BadCredentials):
    """GitHub gives the App no token: it was deleted, suspended or uninstalled, or its key was."""

    def __init__(self, message: str, remedy: str) -> None:
        OperatorError.__init__(self, "github.bad_token", message, remedy)


class NotInstalled(Forbidden):
    """The App is not installed where this repository is, or may not do there what is needed."""

    def __init__(self, message: str, remedy: str) -> None:
        OperatorError.__init__(self, "github.forbidden", message, remedy)


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """`expires_at` is on GitHub's clock, which showed `made_at` when it was made."""

    text: str = field(repr=False)
    expires_at: datetime
    made_at: datetime


def sign(app_id: int, private_key: str, now: datetime) -> str:
    """The token by which an App names itself. Raises AppRefused for a key that is none."""
    claims = {"iat": now - SET_BACK, "exp": now + LIFETIME, "iss": str(app_id)}
    try:
        return jwt.encode(claims, private_key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise AppRefused(
            f"The stored private key of App {app_id} cannot be used ({type(error).__name__}).",
            "Create the GitHub App anew, on the page of the GitHub App.",
        ) from None


class AppClient:
    """GitHub as seen by an App itself; `transport` carries its signed name."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self._name = name
        self.deliveries = DeliveryLog(transport, "/app/hook/deliveries", polled=False)

    def find_installation(self, repo: str) -> int:
        """The number of the installation that reaches the repository; NotInstalled when there is none.

        https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
        """
        if not is_repo(repo):
            raise NotFound(f"{repo!r} is not the name of a repository.")
        try:
            found = Fields(self._transport.get(f"/repos/{repo}/installation").data)
        except NotFound as error:
            raise NotInstalled(
                f"The GitHub App {self._name} is not installed on {repo}.",
                "Install it there (on its page on GitHub: Install App), or link the project by a token.",
            ) from error
        except BadCredentials as error:
            raise self._refused(error) from error
        return found.number("id")

    def find_hook(self) -> str:
        """Where its webhook delivers to; empty when it has none.

        https://docs.github.com/rest/apps/webhooks#get-a-webhook-configuration-for-an-app
        """
        try:
            return Fields(self._transport.get("/app/hook/config").data).text_or_empty("url")
        except NotFound:
            return ""
        except BadCredentials as error:
            raise self._refused(error) from error

    def create_token(self, installation: int, *, repository: int | str) -> InstallationToken:
        """A token of an hour for one repository, by its number or its name without the owner.

        https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
        """
        which = "repository_ids" if isinstance(repository, int) else "repositories"
        payload = {which: [repository], "permissions": PERMISSIONS}
        path = f"/app/installations/{installation:d}/access_tokens"
        try:
            found = Fields(self._transport.mutate("POST", path, payload).data)
        except ValidationFailed as error:
            raise NotInstalled(
                f"{error.message.rstrip('.')}.",
                f"Give the GitHub App {self._name} this repository, and accept the permissions it asks for "
                "(on GitHub: Settings, Applications, Installed GitHub Apps).",
            ) from error
        except (BadCredentials, NotFound, Forbidden) as error:
            raise self._refused(error) from error
        made_at = self._transport.server_date or self._transport.now()
        return InstallationToken(found.text("token"), found.moment("expires_at"), made_at)

    def _refused(self, error: GitHubError) -> AppRefused:
        remedy = {
            NotFound: f"Install the GitHub App {self._name} again, or link the project by a token.",
            Forbidden: f"Lift the suspension of the GitHub App {self._name} (on GitHub: Settings, Applications).",
        }.get(type(error), f"Check this host's clock; else create the GitHub App {self._name} anew.")
        return AppRefused(error.message, f"{remedy} Work goes on by itself then.")
