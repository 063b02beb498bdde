"""Who a person's token belongs to: GitHub's number of the account, which never changes hands, and its organizations."""

from __future__ import annotations

from dataclasses import dataclass

from projects.github.decoding import Fields
from projects.github.transport import Transport


@dataclass(frozen=True, slots=True)
class Person:
    github_id: int
    login: str


def who_is(transport: Transport) -> Person:
    """https://docs.github.com/rest/users/users#get-the-authenticated-user"""
    found = Fields(transport.get("/user").data)
    return Person(found.number("id"), found.text("login"))


def organizations(transport: Transport) -> set[str]:
    """Names in lower case. https://docs.github.com/rest/orgs/orgs#list-organizations-for-the-authenticated-user"""
    names: set[str] = set()
    for answer in transport.pages("/user/orgs"):
        entries = answer.data if isinstance(answer.data, list) else []
        names |= {Fields(entry).text("login").lower() for entry in entries}
    return names
