"""The record of projects: what they are, which credentials reach them and who may see them."""

from __future__ import annotations

from projects.models.access import ApiToken, Membership, Role, Scope
from projects.models.audit import AuditEvent
from projects.models.cached_answer import CachedAnswer
from projects.models.credential import Credential
from projects.models.github import GitHubApp, GitHubIdentity
from projects.models.leased import Leased
from projects.models.project import Project
from projects.models.requests import RequestCount, StoredReply

__all__ = [
    "ApiToken",
    "AuditEvent",
    "CachedAnswer",
    "Credential",
    "GitHubApp",
    "GitHubIdentity",
    "Leased",
    "Membership",
    "Project",
    "RequestCount",
    "Role",
    "Scope",
    "StoredReply",
]
