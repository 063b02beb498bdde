"""GitHub's last answers to what is asked again and again. `projects/github/conditional.py` alone writes them."""

from __future__ import annotations

from django.db import models

from projects.models.credential import Credential


class CachedAnswer(models.Model):
    """One answer to one token.

    Hashes of the token with the question: `asked` as it is, `place` without its `since`.
    """

    credential = models.ForeignKey(Credential, models.CASCADE, related_name="+")
    place = models.CharField(max_length=64)
    asked = models.CharField(max_length=64)
    etag = models.CharField(max_length=255)
    link = models.TextField(blank=True)
    body = models.BinaryField()
    used_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "place"], name="one_answer_per_place"),
        ]
        indexes = [models.Index(fields=["credential", "used_at"], name="answers_by_use")]

    def __str__(self) -> str:
        return f"{len(self.body)} bytes for {self.credential_id}"
