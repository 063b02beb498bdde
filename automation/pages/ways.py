"""The three ways in that a person may choose for a project: a token, the GitHub App, their own account."""

from __future__ import annotations

from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict

from projects import app_tokens
from projects.errors import AutowrkersError
from projects.models import Credential, GitHubIdentity
from projects.validators import validate_token

TOKEN, APP, ACCOUNT = "token", "app", "account"  # noqa: S105


class WayField(forms.ChoiceField):
    """Offers what there is. What is left out is the token, as programs have always sent it."""

    def __init__(self, user: object) -> None:
        choices = [(TOKEN, "A personal access token")]
        if app := app_tokens.newest_app():
            choices.append((APP, f"The GitHub App {app.name}"))
        if identity := connected_account(user):
            choices.append((ACCOUNT, f"My GitHub account {identity.login}"))
        help_text = "A token is typed in below; the others need none."
        super().__init__(label="Way in", choices=choices, required=False, help_text=help_text)

    def clean(self, value: object) -> str:
        return str(super().clean(value) or TOKEN)


def token_field(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=500,
        validators=[validate_token],
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=help_text,
    )


def connected_account(user: object) -> GitHubIdentity | None:
    """The person's account on this GitHub, if its tokens are stored."""
    pk, host = getattr(user, "pk", None), urlsplit(settings.GITHUB_API_URL).netloc
    rows = GitHubIdentity.objects.filter(user=pk, github_host=host, credential__isnull=False)
    return rows.select_related("credential").first()


def credential_of_way(way: str, user: object, repo: str) -> Credential | None:
    """None for a token. Asks GitHub where the App is installed; raises ValidationError in GitHub's words."""
    if way == APP and (app := app_tokens.newest_app()):
        try:
            return app_tokens.find_installation(app, repo)
        except AutowrkersError as error:
            raise ValidationError(str(error), code=error.code) from error
    if way == ACCOUNT and (identity := connected_account(user)):
        return identity.credential
    return None


def require_token(form: forms.BaseForm, way: str, token: str | None) -> None:
    if way == TOKEN and not token and "github_token" not in form.errors:
        form.add_error("github_token", ValidationError("This field is required.", code="required"))


class WayForm(forms.Form):
    """Another way in for a project that is linked."""

    def __init__(self, user: object, repo: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.user, self.repo = user, repo
        self.credential: Credential | None = None
        self.fields["way"] = WayField(self.user)
        self.fields["github_token"] = token_field("New GitHub token", "")

    def clean(self) -> dict[str, object]:
        values = super().clean() or self.cleaned_data
        way = values.get("way", "")
        require_token(self, way, values.get("github_token"))
        if not self.errors:
            try:
                self.credential = credential_of_way(way, self.user, self.repo)
            except ValidationError as error:
                self.add_error("way", error)
        return values
