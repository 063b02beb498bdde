"""The check of mail, over a real SMTP conversation: nothing is sent unasked, and the server's own words are told."""

from __future__ import annotations

import pytest

from projects import redaction
from tests.automation.commands.calling import run_command
from tests.automation.smtp import serving_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    with serving_mail(settings) as server:
        yield server


def said(*arguments):
    """Exit code, level and text of what is told about mail."""
    ran = run_command("doctor", "--tag", "notify", "--json", *arguments)
    (about,) = [found for found in ran.data["findings"] if found["about"] == "E-mail"]
    return ran.code, about["level"], f"{about['message']} {about['hint']}"


def test_a_test_mail_is_sent_to_the_named_address(server):
    code, level, text = said("--send", "ann@example.com")
    assert (code, level) == (0, "ok")
    assert f"127.0.0.1:{server.port} (unencrypted) took the test mail to ann@example.com" in text
    ((receivers, message),) = server.taken
    assert receivers == ["ann@example.com"]
    assert message["Auto-Submitted"] == "auto-generated"


def test_nothing_is_sent_unasked(server):
    code, level, text = said()
    assert (code, level, server.taken) == (0, "ok", [])
    assert "doctor --send" in text


def test_the_test_mail_is_sent_even_when_another_topic_was_asked_for(server):
    ran = run_command("doctor", "--tag", "git", "--send", "ann@example.com", "--json")
    assert {found["tag"] for found in ran.data["findings"]} == {"git", "notify"}
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("RCPT", "550 5.1.1 no such mailbox"),
        ("MAIL", "553 5.7.1 not this sender"),
        ("TAKEN", "554 5.7.1 looks like spam"),
    ],
)
def test_a_refusal_is_told_in_the_servers_own_words(server, word, answer):
    server.answers[word] = answer
    code, level, text = said("--send", "ann@example.com")
    assert (code, level) == (4, "error")
    assert f"refused the message: {answer}." in text


def test_a_refused_sign_in_names_the_setting_and_shows_no_password(server, settings):
    redaction.register("pass-word-of-the-test")
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ann", "pass-word-of-the-test"
    server.answers["AUTH"] = "535 5.7.8 wrong: pass-word-of-the-test"
    code, level, text = said("--send", "ann@example.com")
    assert (code, level) == (4, "error")
    assert "refuses the sign-in: 535 5.7.8 wrong: [redacted]" in text
    assert "EMAIL_URL" in text


def test_a_server_that_hangs_up_amid_the_message_leaves_it_open_whether_it_arrived(server):
    server.answers["TAKEN"] = ""
    assert "did not say that it took the message" in said("--send", "ann@example.com")[2]


def test_nobody_at_the_port_is_a_sentence(settings):
    with serving_mail(settings):
        pass
    code, level, text = said("--send", "ann@example.com")
    assert (code, level, "Connection refused" in text) == (4, "error", True)
    assert "host, port" in text


def test_without_a_mail_server_that_is_said_and_a_test_mail_fails(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    assert said()[1] == "note"
    code, level, text = said("--send", "ann@example.com")
    assert (code, level, "EMAIL_URL" in text) == (4, "error", True)


def test_an_address_that_is_none_and_offline_are_wrong_uses(server):
    assert run_command("doctor", "--send", "ann\nBcc: eve@example.com").code != 0
    ran = run_command("doctor", "--send", "ann@example.com", "--offline", "--json")
    assert (ran.code, ran.answer["errors"][0]["code"], server.taken) == (2, "command.usage", [])
