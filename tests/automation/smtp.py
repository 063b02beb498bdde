"""A mail server on a real socket for tests: it speaks SMTP, keeps what it took, and refuses or hangs up on demand."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from typing import Any


class MailServer(socketserver.ThreadingTCPServer):
    """`answers` replaces the reply to a command, such as {"RCPT": "550 no such user"}; "" hangs up instead."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers: dict[str, str] = {}
        self.taken: list[tuple[list[str], Any]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        receivers: list[str] = []
        if not self.say("HELLO", "220 test"):
            return
        while line := self.rfile.readline():
            word = line.split()[0].decode().upper()
            if word == "RCPT":
                receivers.append(line.decode().partition("<")[2].partition(">")[0])
            if word == "EHLO":
                self.wfile.write(b"250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
            elif word == "DATA" and "DATA" not in self.server.answers:
                self.wfile.write(b"354 go on\r\n")
                self.keep(receivers)
                if not self.say("TAKEN", "250 taken"):
                    return
                receivers = []
            elif not self.say(word, "235 welcome" if word == "AUTH" else "250 ok") or word == "QUIT":
                return

    def keep(self, receivers: list[str]) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        text = b"".join(line[1:] if line.startswith(b"..") else line for line in lines)
        self.server.taken.append((receivers, message_from_bytes(text, policy=policy.default)))

    def say(self, word: str, usual: str) -> bool:
        answer = self.server.answers.get(word, usual)
        self.wfile.write(f"{answer}\r\n".encode() if answer else b"")
        return bool(answer)


@contextmanager
def serving_mail(settings: Any) -> Iterator[MailServer]:
    """The server, and every mail of this test goes to it."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 5
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = None
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
