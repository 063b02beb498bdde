"""`POST /webhooks/github`: the signature is checked over the raw bytes before anything reads them; one row is kept.

https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers
"""

from __future__ import annotations

import json
import logging
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from automation.webhooks import inbox, signatures
from automation.webhooks.extract import extract

LARGEST_BODY = 25 * 1024 * 1024  # GitHub sends nothing larger
PIECE = 64 * 1024
RETRY_SECONDS = 30
DELIVERY_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
EVENT = re.compile(r"[a-z0-9_]{1,64}")
FORM = "application/x-www-form-urlencoded"

logger = logging.getLogger(__name__)


class Refused(Exception):
    """Nothing was stored; the text goes into GitHub's log of deliveries, for whoever set the webhook."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@csrf_exempt
def github(request: HttpRequest) -> HttpResponse:
    """202 once the delivery is stored, a duplicate included; else the refusal in a sentence."""
    if request.method != "POST":
        answer = _answer(HTTPStatus.METHOD_NOT_ALLOWED, "GitHub posts its deliveries here.")
        answer["Allow"] = "POST"
        return answer
    try:
        _receive(request)
    except Refused as refusal:
        logger.info("status=%s %s", int(refusal.status), refusal)
        return _answer(refusal.status, str(refusal))
    except AnyDatabaseError as error:
        logger.warning("A webhook delivery could not be stored (%s).", type(error).__name__)
        answer = _answer(HTTPStatus.SERVICE_UNAVAILABLE, "The database does not answer. Deliver it again.")
        answer["Retry-After"] = str(RETRY_SECONDS)
        return answer
    return _answer(HTTPStatus.ACCEPTED, "Stored.")


def _receive(request: HttpRequest) -> None:
    headers = request.headers
    digest = signatures.digest_in(headers.get("X-Hub-Signature-256", ""))
    if _length(request) > LARGEST_BODY:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A delivery has 25 MB at most.")
    if digest is None:
        message = "X-Hub-Signature-256 is missing or malformed: give the webhook its secret."
        raise Refused(HTTPStatus.UNAUTHORIZED, message)
    body = _read(request)
    target = headers.get("X-GitHub-Hook-Installation-Target-Type", signatures.OF_REPOSITORY)
    target_id = headers.get("X-GitHub-Hook-Installation-Target-ID", "")
    credential = signatures.signer_of(body, digest, target=target, target_id=target_id)
    if credential is None:
        message = "No stored webhook secret gives this signature: store the same secret here and on GitHub."
        raise Refused(HTTPStatus.UNAUTHORIZED, message)
    delivery_id, event = headers.get("X-GitHub-Delivery", ""), headers.get("X-GitHub-Event", "")
    if not DELIVERY_ID.fullmatch(delivery_id) or not EVENT.fullmatch(event):
        message = "X-GitHub-Delivery or X-GitHub-Event is missing, or is not as GitHub writes it."
        raise Refused(HTTPStatus.BAD_REQUEST, message)
    payload = _payload(body, request.content_type or "")
    inbox.keep(credential, delivery_id=delivery_id, event=event, facts=extract(payload))


def _length(request: HttpRequest) -> int:
    stated = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 19 else LARGEST_BODY + 1


def _read(request: HttpRequest) -> bytes:
    body = bytearray()
    try:
        while piece := request.read(PIECE):
            body += piece
            if len(body) > LARGEST_BODY:
                raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A delivery has 25 MB at most.")
    except UnreadablePostError:
        raise Refused(HTTPStatus.BAD_REQUEST, "The delivery ended before its end.") from None
    return bytes(body)


def _payload(body: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object, as the body itself or as the form field `payload`: a webhook on GitHub may have either."""
    try:
        if content_type == FORM:
            body = parse_qs(body, strict_parsing=True, max_num_fields=10)[b"payload"][0]
        payload = json.loads(body)
    except (ValueError, KeyError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise Refused(
            HTTPStatus.BAD_REQUEST, "The body holds no JSON object. Choose application/json on GitHub."
        )
    return payload


def _answer(status: HTTPStatus, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
