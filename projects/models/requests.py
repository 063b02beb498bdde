"""What the API remembers of requests: how many a caller made in a window, and replies that may be asked for again."""

from __future__ import annotations

from django.db import models


class RequestCount(models.Model):
    """Requests of one caller of one kind in its present window. `projects/throttling.py` alone writes it."""

    caller = models.CharField(max_length=100, unique=True)
    window = models.BigIntegerField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["window"], name="request_count_by_window")]

    def __str__(self) -> str:
        return f"{self.count} of {self.caller}"


class StoredReply(models.Model):
    """The reply to a request that carried an `Idempotency-Key`; empty while the request is being carried out."""

    caller = models.CharField(max_length=100)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "method", "path", "key"], name="one_reply_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} of {self.caller}"
