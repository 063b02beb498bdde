"""Questions that are asked again and again name the answer we have: "not modified" costs nothing of the hour.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
"""

from __future__ import annotations

import zlib
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from django.utils import timezone
from requests.auth import AuthBase
from requests.structures import CaseInsensitiveDict

from projects.github.answers import Reply
from projects.models import CachedAnswer
from projects.models.credential import fingerprint

LARGEST = 256 * 1024  # compressed
MOST = 5000  # for one credential
UNUSED_FOR = timedelta(days=2)
TOUCHED_AFTER = timedelta(hours=12)
LOOKED_THROUGH_EVERY = 50


class Question(AuthBase):
    """One request: the token is put on it by `auth`, then the mark of the stored answer."""

    def __init__(self, credential_pk: int, auth: AuthBase) -> None:
        self._answers = CachedAnswer.objects.filter(credential=credential_pk)
        self._credential_pk, self._auth = credential_pk, auth
        self._stored: CachedAnswer | None = None
        self._body = b""
        self._place = self._asked = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        signed: requests.PreparedRequest = self._auth(request)
        token, url = signed.headers["Authorization"], str(signed.url)
        self._place, self._asked = fingerprint(f"{token} {_place(url)}"), fingerprint(f"{token} {url}")
        self._stored = self._answers.filter(place=self._place, asked=self._asked).first()
        if self._stored is not None and self._unpack(self._stored):
            signed.headers["If-None-Match"] = self._stored.etag
        return signed

    def resolve(self, reply: Reply) -> Reply:
        """The stored answer, with the headers of this one, where GitHub says that it still holds."""
        if reply.status != 304 or self._stored is None:
            return reply
        now = timezone.now()
        if now - self._stored.used_at > TOUCHED_AFTER:
            self._answers.filter(pk=self._stored.pk).update(used_at=now)
        headers = CaseInsensitiveDict(reply.headers)
        headers["Link"] = self._stored.link
        return Reply(reply.what, 200, headers, self._body)

    def keep(self, reply: Reply) -> None:
        """Store a good answer, in the place of the last one to the same question."""
        etag, body = reply.headers.get("etag", ""), zlib.compress(reply.body, 6)
        if reply.status != 200 or not etag or len(etag) > 255 or len(body) > LARGEST:
            return
        if self._stored is not None and self._stored.etag == etag:
            return
        values = {"asked": self._asked, "etag": etag, "link": reply.headers.get("link", ""), "body": body}
        row, is_new = CachedAnswer.objects.update_or_create(
            credential_id=self._credential_pk,
            place=self._place,
            defaults=values | {"used_at": timezone.now()},
        )
        if is_new and row.pk % LOOKED_THROUGH_EVERY == 0:
            prune(self._credential_pk)

    def _unpack(self, stored: CachedAnswer) -> bool:
        try:
            self._body = zlib.decompress(bytes(stored.body))
        except zlib.error:
            self._stored = None
        return self._stored is not None


def prune(credential_pk: int) -> None:
    """Drop what nobody has asked for lately, and the longest unused beyond the most that one credential may hold."""
    rows = CachedAnswer.objects.filter(credential=credential_pk)
    rows.filter(used_at__lt=timezone.now() - UNUSED_FOR).delete()
    surplus = list(rows.order_by("-used_at", "-pk").values_list("pk", flat=True)[MOST:])
    CachedAnswer.objects.filter(pk__in=surplus).delete()


def _place(url: str) -> str:
    """The question without the moment since which it asks: a cursor that moves leaves no answer behind."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "since"]
    return parts._replace(query=urlencode(query)).geturl()
