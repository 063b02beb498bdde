"""Mail: is a server set, and does it take a message? That is tried only when a person names an address for it."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.mail import EmailMessage
from django.utils import timezone

from automation import mail
from automation.checks.registry import fail, fine, note, register
from automation.checks.situation import Situation
from projects.errors import AutowrkersError

SECONDS = 20.0


@register("notify", "E-mail")
def email(situation: Situation) -> Iterator[CheckMessage]:
    if situation.send_mail_to:
        yield _try_out(situation)
    elif mail.is_configured():
        yield fine(71, f"Mail goes to {mail.server()}; `doctor --send ADDRESS` tries it.")
    else:
        yield note(71, "No mail server is set, so no digest can be sent.", mail.SET_IT)


def _try_out(situation: Situation) -> CheckMessage:
    address = situation.send_mail_to
    message = EmailMessage(
        "Test mail of Autowrkers",
        f"Mail from {settings.SITE_URL} arrives.\n\nSomebody asked for it with `doctor --send`, "
        f"{timezone.now():%Y-%m-%d %H:%M} UTC. There is nothing to do.\n",
        to=[address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        mail.send(message, timeout_seconds=situation.seconds(SECONDS))
    except AutowrkersError as error:
        return fail(72, f"No test mail to {address}: {error.message}", error.remedy)
    return fine(72, f"{mail.server()} took the test mail to {address}. Look whether it arrives.")
