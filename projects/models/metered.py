"""What is known of a token's limits at GitHub. `projects/github/quota.py` alone writes these columns."""

from __future__ import annotations

from django.db import models


class Metered(models.Model):
    """The hour as GitHub tells it, until when it refuses the token, and what was spent lately by all processes."""

    rate_limit = models.PositiveIntegerField("requests an hour", null=True, blank=True)
    rate_remaining = models.PositiveIntegerField("requests left", null=True, blank=True)
    rate_reset_at = models.DateTimeField("hour ends at", null=True, blank=True)
    rate_retry_at = models.DateTimeField("refused until", null=True, blank=True)
    rate_refusals = models.PositiveSmallIntegerField("refusals in a row", default=0)
    rate_minute = models.DateTimeField("last minute of use", null=True, blank=True)
    rate_points = models.PositiveIntegerField("points in that minute", default=0)
    rate_change_at = models.DateTimeField("next change not before", null=True, blank=True)
    rate_changes = models.JSONField(
        "changes of the last hour", default=list, blank=True
    )  # seconds since 1970

    class Meta:
        abstract = True
