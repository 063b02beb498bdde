"""Who signed a delivery: the stored secret, of a webhook or of an App, whose HMAC over the raw bytes came with it.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Iterator

from django.conf import settings

from projects.errors import OperatorError
from projects.models import Credential

SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
NUMBER = re.compile(r"[0-9]{1,18}")
OF_APP, OF_REPOSITORY = "integration", "repository"

logger = logging.getLogger(__name__)


def digest_in(header: str) -> str | None:
    """The hexadecimal digest of an X-Hub-Signature-256 header."""
    found = SIGNATURE.fullmatch(header)
    return found[1] if found else None


def signer_of(body: bytes, digest: str, *, target: str, target_id: str) -> Credential | None:
    """The secret of the App or the repository's project, else any webhook's; None when none of them signed `body`.

    `target` and `target_id`: the headers X-GitHub-Hook-Installation-Target-Type and -ID. They only say where to begin.
    """
    for credential in _candidates(target, int(target_id) if NUMBER.fullmatch(target_id) else None):
        try:
            secret = credential.webhook_secret()
        except OperatorError as error:
            logger.warning("credential=%s %s", credential.pk, error)
            continue
        if not secret:  # anybody could sign with it
            continue
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected, digest):
            return credential
    return None


def _candidates(target: str, target_id: int | None) -> Iterator[Credential]:
    secrets = Credential.objects.filter(api_url=settings.GITHUB_API_URL)
    secrets = secrets.defer(None).only("kind", "secret", "variable")
    stored = secrets.filter(kind=Credential.Kind.WEBHOOK)
    tried = []
    if target == OF_APP and target_id is not None:
        yield from secrets.filter(kind=Credential.Kind.APP, fingerprint=f"app:{target_id}")
    elif target == OF_REPOSITORY and target_id is not None:
        for credential in stored.filter(hooked_projects__github_id=target_id).distinct():
            tried.append(credential.pk)
            yield credential
    yield from stored.exclude(pk__in=tried)
