"""Who signed a delivery: the stored webhook secret whose HMAC over the raw bytes is the one that came with it.

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

logger = logging.getLogger(__name__)


def digest_in(header: str) -> str | None:
    """The hexadecimal digest of an X-Hub-Signature-256 header."""
    found = SIGNATURE.fullmatch(header)
    return found[1] if found else None


def signer_of(body: bytes, digest: str, *, repository_id: str) -> Credential | None:
    """The secret of the repository's own project, else any stored one; None when none of them signed `body`.

    `repository_id`: the X-GitHub-Hook-Installation-Target-ID header, for a repository's hook.
    """
    for credential in _candidates(repository_id):
        try:
            secret = credential.reveal()
        except OperatorError as error:
            logger.warning("credential=%s %s", credential.pk, error)
            continue
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if hmac.compare_digest(expected, digest):
            return credential
    return None


def _candidates(repository_id: str) -> Iterator[Credential]:
    stored = Credential.objects.filter(kind=Credential.Kind.WEBHOOK, api_url=settings.GITHUB_API_URL)
    stored = stored.defer(None).only("secret", "variable")
    tried = []
    if NUMBER.fullmatch(repository_id):
        for credential in stored.filter(hooked_projects__github_id=int(repository_id)).distinct():
            tried.append(credential.pk)
            yield credential
    yield from stored.exclude(pk__in=tried)
