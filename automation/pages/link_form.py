"""The short form that links a repository. Everything else of a project has a default and its settings page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html

from automation.pages.ways import TOKEN, WayField, credential_of_way, require_token, token_field
from projects.models import Project
from projects.rules import check_agent, check_agent_command, check_name, check_repository, is_name_taken
from projects.validators import is_repo, validate_visible

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Project]
else:
    ModelForm = forms.ModelForm

COMMANDS = ["setup_command", "lint_command", "type_check_command", "test_command", "build_command"]
EXAMPLES = {
    "setup_command": "npm ci",
    "lint_command": "npm run lint",
    "type_check_command": "npx tsc --noEmit",
    "test_command": "npm test",
    "build_command": "npm run build",
}
SSH = re.compile(r"(?:ssh://)?git@(?P<host>[^:/]+)[:/](?P<path>.+)")


class LinkForm(ModelForm):
    github_repo = forms.CharField(
        label="Repository", max_length=300, help_text="owner/name, or the address of its page on GitHub."
    )
    name = forms.CharField(
        required=False, max_length=100, help_text="What people call it here. Empty: the repository's name."
    )
    github_token = token_field(
        "GitHub token",
        "It reads issues and writes contents, pull requests and issues. Stored encrypted, never shown again.",
    )
    webhook_secret = forms.CharField(
        required=False,
        max_length=500,
        validators=[validate_visible],
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Optional. Without it changes show at the next sync, within a minute.",
    )

    class Meta:
        model = Project
        fields = ["github_repo", "name", "agent", "agent_command", *COMMANDS]
        widgets = {name: forms.TextInput(attrs={"placeholder": EXAMPLES[name]}) for name in COMMANDS}
        help_texts = {
            "test_command": "The agent is told in its prompt to run it. The settings know more commands.",
            "agent_command": "Only for the agent “Command”. It may hold {prompt_file}, {work_dir} and {model}.",
        }

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["way"] = WayField(user)
        if not user.is_superuser:
            agents = [pair for pair in Project.Agent.choices if pair[0] != Project.Agent.SCRIPTED]
            self.fields["agent"] = forms.ChoiceField(choices=agents)

    def basics(self) -> list[forms.BoundField]:
        return [
            self[name] for name in ("github_repo", "name", "way", "github_token", "webhook_secret", "agent")
        ]

    def commands(self) -> list[forms.BoundField]:
        return [self[name] for name in (*COMMANDS, "agent_command")]

    def has_command_errors(self) -> bool:
        return any(name in self.errors for name in (*COMMANDS, "agent_command"))

    def clean_github_repo(self) -> str:
        repo = repository_in(self.cleaned_data["github_repo"])
        try:
            check_repository(repo, None)
        except ValidationError as error:
            linked = Project.objects.visible_to(self.user).filter(github_repo__iexact=repo).first()
            if linked is None:
                raise
            said = 'This repository is linked already: use <a href="{}">{}</a>, or archive it first.'
            url = reverse("admin:board", args=[linked.pk])
            raise ValidationError(format_html(said, url, linked.name), code="linked") from error
        return repo

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"] or self._free_name()
        check_name(name, None)
        return name

    def _free_name(self) -> str:
        """The repository's own; where another project has that, with the owner's."""
        repo: str = self.cleaned_data.get("github_repo", "")
        short = repo.partition("/")[2]
        return repo[:100] if is_name_taken(short) else short

    def clean_agent(self) -> str:
        value: str = self.cleaned_data["agent"]
        check_agent(value, self.user, None)
        return value

    def clean_agent_command(self) -> str:
        value: str = self.cleaned_data["agent_command"]
        check_agent_command(self.cleaned_data.get("agent", ""), value, None)
        return value

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        require_token(self, values.get("way", ""), values.get("github_token"))
        if not self.errors:
            self._choose(values["way"], values["github_repo"])
        return values

    def _choose(self, way: str, repo: str) -> None:
        try:
            self.instance.credential = credential_of_way(way, self.user, repo)
        except ValidationError as error:
            self.add_error("way", error)

    def secrets(self) -> dict[str, str | None]:
        """What was typed; a token that another way makes needless is not stored."""
        token = self.cleaned_data["github_token"] if self.cleaned_data["way"] == TOKEN else ""
        return {"github_token": token, "webhook_secret": self.cleaned_data["webhook_secret"]}


def repository_in(text: str) -> str:
    """owner/name from what people paste: that, a page's address, or what git clones from."""
    text = text.strip()
    ssh = SSH.fullmatch(text)
    if ssh:
        host, path = ssh["host"], ssh["path"]
    elif "://" in text or text.count("/") > 1:
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            host, path = parts.hostname or "", parts.path
        except ValueError as error:
            raise ValidationError("This is not an address.", code="invalid_repo") from error
    else:
        return _checked(text)
    ours = urlsplit(settings.GITHUB_WEB_URL).hostname or ""
    if host.lower() not in (ours, f"www.{ours}"):
        raise ValidationError(
            f"This address leads to {host[:60] or 'no host'}, but this installation works with {ours}.",
            code="other_host",
        )
    return _checked("/".join(path.strip("/").split("/")[:2]).removesuffix(".git"))


def _checked(repo: str) -> str:
    if not is_repo(repo):
        raise ValidationError(
            "Write owner/name, for example octocat/hello-world, or the address of its page on GitHub.",
            code="invalid_repo",
        )
    return repo
