"""A form that acts once: it carries a signed mark, and the mark is kept, in the transaction of what the form does."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError

from projects.idempotency import KEPT
from projects.models import StoredReply

FIELD = "mark"
SALT = "projects.once"
EXPIRED = (
    "This form has been open for more than a day, or was not made here: nothing was done. "
    "Open its page anew, and send it again."
)


def new_mark(user: Any, form: str) -> str:
    """For a hidden field of this form, as this user is shown it."""
    return signing.dumps([user.pk, form, secrets.token_urlsafe(18)], salt=SALT)


def use_mark(mark: str, user: Any, *, form: str, already: str) -> None:
    """Raises ValidationError for a mark that is no good any more, and with `already` when this form was sent before.

    Call it inside a transaction: of two that come at once the second waits, and is told of the first.
    """
    try:
        owner, made_for, _ = signing.loads(mark, salt=SALT, max_age=KEPT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise ValidationError(EXPIRED, code="expired_form") from error
    if (owner, made_for) != (user.pk, form):
        raise ValidationError(EXPIRED, code="expired_form")
    place = {"caller": f"user {user.pk}", "method": "FORM", "path": form}
    key = hashlib.sha256(mark.encode()).hexdigest()
    _, is_new = StoredReply.objects.get_or_create(**place, key=key, defaults={"body_hash": ""})
    if not is_new:
        raise ValidationError(already, code="sent_twice")
