"""The form of the login page, with a brake on guessing."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError

from projects.login_brake import LoginBrake, TooManyTries


class LoginForm(AdminAuthenticationForm):
    def clean(self) -> dict[str, Any]:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if self.request is None or not name or not password:
            return super().clean()
        brake = LoginBrake(str(self.request.META.get("REMOTE_ADDR") or "unknown"), name)
        try:
            brake.count()
        except TooManyTries as refusal:
            minutes = -(-refusal.wait // 60)
            raise ValidationError(
                f"Too many tries to log in. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again: "
                "until then the right password is refused, too.",
                code="too_many_tries",
            ) from refusal
        values = super().clean()
        brake.forget()
        return values
