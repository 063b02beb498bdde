"""The three columns of a lease. `projects/leases.py` alone writes them."""

from __future__ import annotations

from django.db import models


class Leased(models.Model):
    """A row that one worker at a time may hold. `fence` grows with every claim and never shrinks."""

    lease_owner = models.CharField(max_length=200, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        abstract = True
