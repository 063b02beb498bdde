"""Projects as the API shows and takes them. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from projects import editing
from projects.editing import SETTABLE
from projects.models import AuditEvent, Project
from projects.rules import (
    check_agent,
    check_agent_command,
    check_name,
    check_repository,
    check_working_dir,
)
from projects.strict import StrictFields
from projects.validators import check_texts, validate_token

STATE = [
    "automation_enabled",
    "last_synced_at",
    "workspace_bytes",
    "error_code",
    "error_message",
    "error_since",
    "created_at",
]


class ProjectSerializer(StrictFields, serializers.ModelSerializer[Project]):
    """`github_token` and `webhook_secret`: absent or empty keeps what is stored, null removes it."""

    github_token = serializers.CharField(
        write_only=True,
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=500,
        validators=[validate_token],
    )
    webhook_secret = serializers.CharField(
        write_only=True, required=False, allow_null=True, allow_blank=True, max_length=500
    )
    github_token_set = serializers.SerializerMethodField()
    webhook_secret_set = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = [
            "id",
            *SETTABLE[:2],
            "github_token",
            "github_token_set",
            "webhook_secret",
            "webhook_secret_set",
            *SETTABLE[2:],
            *STATE,
        ]
        read_only_fields = ["id", *STATE]

    def get_github_token_set(self, project: Project) -> bool:
        return project.credential_id is not None

    def get_webhook_secret_set(self, project: Project) -> bool:
        return project.webhook_credential_id is not None

    def validate_name(self, value: str) -> str:
        check_name(value, self.instance)
        return value

    def validate_github_repo(self, value: str) -> str:
        check_repository(value, self.instance)
        return value

    def validate_working_dir(self, value: str) -> str:
        check_working_dir(value, self.context["request"].user, self.instance)
        return value

    def validate_agent(self, value: str) -> str:
        check_agent(value, self.context["request"].user, self.instance)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_texts({name: value for name, value in attrs.items() if isinstance(value, str | list | dict)})
        stored = self.instance or Project()
        agent, command = (attrs.get(name, getattr(stored, name)) for name in ("agent", "agent_command"))
        try:
            check_agent_command(agent, command, self.instance)
        except ValidationError as error:
            raise ValidationError({"agent_command": error.messages}) from error
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Project:
        secrets = _take_secrets(validated_data)
        project = Project(**validated_data)
        owner = self.context["request"].user
        editing.create(project, secrets=secrets, actor=self.context["view"].actor, owner=owner)
        return project

    def update(self, instance: Project, validated_data: dict[str, Any]) -> Project:
        secrets = _take_secrets(validated_data)
        changed = [name for name, value in validated_data.items() if getattr(instance, name) != value]
        for name in changed:
            setattr(instance, name, validated_data[name])
        editing.change(instance, changed, secrets=secrets, actor=self.context["view"].actor)
        return instance


class AuditSerializer(serializers.ModelSerializer[AuditEvent]):
    detail = serializers.JSONField(read_only=True)

    class Meta:
        model = AuditEvent
        fields = ["id", "created_at", "actor", "verb", "subject", "project", "detail"]
        read_only_fields = fields


def _take_secrets(values: dict[str, Any]) -> dict[str, str | None]:
    return {name: values.pop(name) for name in editing.SECRETS if name in values}
