"""What GitHub tells of a token and of a branch's guards, asked of the stand-in and judged by GitHub's description."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from projects.github.client import GitHubClient
from projects.github.decoding import MalformedPayload
from projects.github.errors import NotFound
from projects.github.guards import decode_protection, decode_rules
from projects.github.token import decode_token
from projects.github.transport import Transport

REPO = "acme/calc"


@pytest.fixture
def client(hub, token):
    return GitHubClient(Transport(hub.api_url, token))


def test_a_classic_token_tells_its_scopes_and_its_end(hub, client, token):
    assert client.get_token().scopes == ("repo",)
    hub.describe(token, scopes="public_repo, read:org", expires_at=datetime(2027, 3, 1, 12, tzinfo=UTC))
    facts = client.get_token()
    assert (facts.login, facts.scopes) == ("autowrkers-bot", ("public_repo", "read:org"))
    assert facts.expires_at == datetime(2027, 3, 1, 12, tzinfo=UTC)
    assert (facts.may_write(private=False), facts.may_write(private=True)) == (True, False)


def test_a_fine_grained_token_tells_no_scopes(hub, client, token):
    hub.describe(token, scopes=None)
    facts = client.get_token()
    assert (facts.scopes, facts.expires_at, facts.may_write(private=False)) == (None, None, None)


def test_a_token_without_any_scope_may_not_write(hub, client, token):
    hub.describe(token, scopes="")
    assert client.get_token().may_write(private=False) is False


def test_the_end_is_read_in_both_forms_and_nonsense_counts_as_not_told():
    def end(text):
        return decode_token({"login": "x"}, {"github-authentication-token-expiration": text}).expires_at

    assert end("2027-03-01 12:00:00 +0200") == datetime(2027, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert end("next year") is None


def test_a_branch_without_rules_merges_unreviewed(client):
    assert client.get_required_reviews(REPO, "main") == 0


def test_rulesets_tell_how_many_approvals_a_merge_needs(hub, client):
    hub.require_review(REPO, "main", 2)
    assert client.get_required_reviews(REPO, "main") == 2


def test_classic_protection_is_for_administrators_only(hub, client):
    hub.require_review(REPO, "main", 1, classic=True)
    assert client.get_required_reviews(REPO, "main") is None
    hub.permit(REPO, "autowrkers-bot", "admin")
    assert client.get_required_reviews(REPO, "main") == 1


def test_a_branch_with_a_slash_is_asked_for_and_a_missing_one_is_not_found(hub, client):
    hub.require_review(REPO, "release/1.0", 1)
    assert client.get_required_reviews(REPO, "release/1.0") == 1
    with pytest.raises(NotFound):
        client.get_required_reviews(REPO, "missing/branch")


def test_rules_of_another_kind_ask_for_no_review():
    assert decode_rules([{"type": "deletion"}, {"type": "pull_request"}]) == 0
    assert decode_protection({"enforce_admins": {}}) == 0
    with pytest.raises(MalformedPayload):
        decode_protection({"required_pull_request_reviews": {"required_approving_review_count": "1"}})
