"""EMAIL_URL: what it becomes, and what is said of one that is wrong."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import mail


@pytest.mark.parametrize(
    ("url", "port", "secured"),
    [
        ("smtp://mail.example.com", 25, set()),
        ("smtp+tls://mail.example.com", 587, {"EMAIL_USE_TLS"}),
        ("smtp+ssl://mail.example.com", 465, {"EMAIL_USE_SSL"}),
        ("smtp+ssl://mail.example.com:2465", 2465, {"EMAIL_USE_SSL"}),
    ],
)
def test_the_scheme_tells_encryption_and_port(url, port, secured):
    found = mail(url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.com", port)
    assert {name for name in found if name.startswith("EMAIL_USE")} == secured


def test_user_and_password_are_percent_encoded():
    found = mail("smtp+tls://ann%40example.com:p%40ss%2Fw%23rd%2B@mail.example.com")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("ann@example.com", "p@ss/w#rd+")


@pytest.mark.parametrize(
    "url", ["smtp://", "smtp://host:port", "smtps+x://h", "p4ssw0rd", "smtp://u:p4ssw0rd#x@h"]
)
def test_a_wrong_one_is_told_without_being_shown(url):
    with pytest.raises(ImproperlyConfigured) as refused:
        mail(url)
    assert "EMAIL_URL must be like smtp+tls://" in str(refused.value)
    assert "p4ssw0rd" not in str(refused.value)
    assert refused.value.__cause__ is refused.value.__context__ is None
