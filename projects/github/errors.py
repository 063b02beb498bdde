"""How GitHub refuses or fails us, as a ladder: a caller catches the rung that it can handle.

What a person must change is an OperatorError, what passes by itself is Retryable.
"""

from __future__ import annotations

import re
from datetime import datetime

from projects.errors import AutowrkersError, OperatorError, RateLimited, Retryable
from projects.redaction import redact

MESSAGE_LONGEST = 500
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class GitHubError(AutowrkersError):
    """Anything that went wrong between us and GitHub."""


class BadCredentials(GitHubError, OperatorError):
    """401: the token is missing, mistyped, revoked or expired."""

    def __init__(self, message: str) -> None:
        remedy = "Store a valid token for the project (on GitHub: Settings, Developer settings)."
        super().__init__("github.bad_token", message, remedy)


class Forbidden(GitHubError, OperatorError):
    """403: the token is valid but may not do this."""

    def __init__(self, message: str, *, needs: str = "") -> None:
        permission = f" It needs: {needs}." if needs else ""
        remedy = f"Give the token the permission that GitHub asks for, or store another one.{permission}"
        super().__init__("github.forbidden", message, remedy)


class NotFound(GitHubError, OperatorError):
    """404: it does not exist, or the token may not see it. GitHub does not say which."""

    def __init__(self, message: str) -> None:
        remedy = "Check the repository's name, and that the token has access to this repository."
        super().__init__("github.not_found", message, remedy)


class Gone(GitHubError, OperatorError):
    """410: an issue was deleted, or the repository's issues are switched off."""

    def __init__(self, message: str) -> None:
        remedy = "Skip it if it was deleted; switch the repository's issues on if they are off."
        super().__init__("github.gone", message, remedy)


class Moved(GitHubError, OperatorError):
    """A redirect that we do not follow: to another host, of a change, of an issue to another repository."""

    def __init__(self, message: str) -> None:
        remedy = "Link the project to the repository's present name, or skip the issue if it was transferred."
        super().__init__("github.moved", message, remedy)


class ValidationFailed(GitHubError, OperatorError):
    """422 and its like: GitHub understood the request and refuses it. `errors` are GitHub's own details."""

    def __init__(self, message: str, errors: tuple[str, ...] = ()) -> None:
        self.errors = errors
        detail = f" ({'; '.join(errors)})" if errors else ""
        super().__init__("github.validation", f"{message}{detail}", "Change what GitHub names, then retry.")


class GitHubRateLimited(GitHubError, RateLimited):
    """No request may be sent with this token before `retry_at` (`is_reserve`: none of this priority)."""

    def __init__(
        self, retry_at: datetime, why: str = "GitHub's rate limit is used up", *, is_reserve: bool = False
    ) -> None:
        message = f"{why} until {retry_at:%Y-%m-%d %H:%M:%S} UTC."
        super().__init__("github.rate_limited", message, "Work goes on by itself then.", retry_at=retry_at)
        self.is_reserve = is_reserve


class GitHubUnavailable(GitHubError, Retryable):
    """No answer, a server error, or an answer that is not what GitHub's API answers."""

    def __init__(self, message: str) -> None:
        remedy = "Nothing to do if this passes; else check GITHUB_API_URL and GitHub's status page."
        super().__init__("github.unavailable", message, remedy)


class MutationUnknown(GitHubError, Retryable):
    """A change was sent and its answer was lost: look whether it was made before making it again."""

    def __init__(self, message: str, *, retry_at: datetime) -> None:
        remedy = "The next step looks whether GitHub made the change before it asks again."
        super().__init__("github.answer_lost", message, remedy, retry_at=retry_at)


def refusal(status: int, *, what: str, body: object, needs: str = "") -> GitHubError:
    """The rung for a 4xx answer to `what` (method and path). `body` is the decoded answer, of whatever form.

    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    said = body.get("message") if isinstance(body, dict) else None
    message = clean(f"GitHub answered {status} to {what}: {said or 'no reason given'}")
    if status == 401:
        return BadCredentials(message)
    if status in (403, 451):
        return Forbidden(message, needs=clean(needs))
    if status == 404:
        return NotFound(message)
    if status == 410:
        return Gone(message)
    return ValidationFailed(message, _details(body))


def clean(text: str) -> str:
    """Text from outside as one short line without secrets and control characters."""
    return CONTROLS.sub(" ", redact(text)).strip()[:MESSAGE_LONGEST]


def _details(body: object) -> tuple[str, ...]:
    """`errors` of an answer, each an object or a plain string, as sentences."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list):
        return ()
    return tuple(clean(_detail(error)) for error in errors[:5])


def _detail(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    return str(error.get("message") or f"{error.get('field', 'request')}: {error.get('code', 'refused')}")
