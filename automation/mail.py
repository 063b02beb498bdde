"""Mail to people by the configured server: whether there is one, sending one message, and what a failure means.

A message goes out over a connection of its own, so that a failure before it began is told from one amid it.
"""

from __future__ import annotations

import smtplib
import sys
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from issues.sanitize import clean_line
from projects.errors import AutowrkersError, OperatorError
from projects.redaction import redact

NOWHERE = "django.core.mail.backends.dummy.EmailBackend"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
SET_IT = "Set EMAIL_URL, such as smtp+tls://user:password@host:587, and DEFAULT_FROM_EMAIL; then restart."
ANSWERS = (
    smtplib.SMTPResponseException,
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPNotSupportedError,
)


class NoServer(OperatorError):
    """No message can be sent before a person has changed something: the same for every receiver."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("mail.no_server", message, remedy)


class Refused(AutowrkersError):
    """The server did not take this one message."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("mail.refused", message, remedy)


class Uncertain(AutowrkersError):
    """The connection broke while the message was on its way: it may have arrived."""

    def __init__(self, message: str) -> None:
        super().__init__("mail.uncertain", message, "Ask the receiver, or look into the mail server's log.")


def is_configured() -> bool:
    return str(settings.EMAIL_BACKEND) != NOWHERE


def server() -> str:
    """Where mail goes, without user and password."""
    if str(settings.EMAIL_BACKEND) != SMTP:
        return str(settings.EMAIL_BACKEND).rsplit(".", 2)[-2]
    secured = "TLS" if settings.EMAIL_USE_SSL else "STARTTLS" if settings.EMAIL_USE_TLS else "unencrypted"
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT} ({secured})"


def send(message: EmailMessage, *, timeout_seconds: float | None = None) -> None:
    """Raises NoServer, Refused or Uncertain, each with the server's own words.

    In development mail is printed: on stderr, for stdout is the commands'.
    """
    if not is_configured():
        raise NoServer("No mail server is set.", SET_IT)
    connection = get_connection(timeout=timeout_seconds or settings.EMAIL_TIMEOUT, stream=sys.stderr)
    try:
        _open(connection)
        _hand_over(connection, message)
    finally:
        with suppress(OSError):  # what was taken stays taken
            connection.close()


def _open(connection: Any) -> None:
    try:
        connection.open()
    except smtplib.SMTPAuthenticationError as error:
        said = f"{server()} refuses the sign-in: {reply(error)}"
        raise NoServer(said, "Correct user and password in EMAIL_URL, percent-encoded.") from error
    except (OSError, UnicodeError) as error:
        said = f"{server()} cannot be used: {reply(error)}"
        raise NoServer(said, "Correct host, port and kind of encryption in EMAIL_URL.") from error


def _hand_over(connection: Any, message: EmailMessage) -> None:
    try:
        connection.send_messages([message])
    except ANSWERS as error:
        said = f"{server()} refused the message: {reply(error)}"
        raise Refused(said, "Look whether it lets this sender and receiver through.") from error
    except (ValueError, UnicodeError) as error:  # an address that cannot be written into a message
        raise Refused(f"The message cannot be written: {reply(error)}", "Correct the addresses.") from error
    except OSError as error:
        raise Uncertain(f"{server()} did not say that it took the message: {reply(error)}") from error


def reply(error: Exception) -> str:
    """What the server said, or the machine of it, in one line without secrets."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        said = "; ".join(f"{code} {_text(text)}" for code, text in error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        said = f"{error.smtp_code} {_text(error.smtp_error)}"
    else:
        said = f"{error}" or type(error).__name__
    return clean_line(redact(said)).rstrip(".") + "."


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
