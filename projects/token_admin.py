"""API tokens in the admin: people make one for themselves, see it once, and revoke it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from projects import once
from projects.access import actor_name, check_room, create_token, revoke_token
from projects.admin_scope import JournalAdmin, is_superuser
from projects.models import ApiToken, Project
from projects.validators import check_texts

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[ApiToken]
else:
    ModelForm = forms.ModelForm

DAYS, MOST_DAYS = 90, 3650
FORM = "token"
MADE_ALREADY = (
    "This form has made its token already, and a token is shown only once: nothing was done. "
    "If its text is lost, revoke that token in the list. To make one more, send this form again."
)


class TokenForm(ModelForm):
    person: Any  # who fills it in; set by the admin

    days = forms.IntegerField(
        label="Valid for days",
        initial=DAYS,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=f"From 1 to {MOST_DAYS}.",
    )
    limited_to = forms.ModelMultipleChoiceField(
        label="Only these projects",
        queryset=Project.objects.none(),
        required=False,
        help_text="None chosen: every project that its user sees, later ones included.",
    )
    owner = forms.ModelChoiceField(
        label="User",
        queryset=get_user_model()._default_manager.none(),
        help_text="Whose roles the token has.",
    )
    mark = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        help_texts = {
            "name": "What the token is for.",
            "scope": "read looks; operate also starts, retries, skips and stops; admin also changes projects.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["limited_to"].queryset = Project.objects.visible_to(self.person)
        fields[once.FIELD].initial = once.new_mark(self.person, FORM)
        if not self.person.is_superuser:
            fields.pop("owner", None)
            return
        people = get_user_model()._default_manager.filter(is_active=True).order_by("username")
        fields["owner"].queryset, fields["owner"].initial = people, self.person.pk

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        check_texts({"name": values.get("name", "")})
        check_room(values.get("owner") or self.person)
        if not self.errors:
            self._use_mark(values.get(once.FIELD, ""))
        return values

    def _use_mark(self, mark: str) -> None:
        """A reload of the page that shows the token, or a double click, makes no second one."""
        try:
            once.use_mark(mark, self.person, form=FORM, already=MADE_ALREADY)
        except forms.ValidationError:
            fresh: Any = self.data.copy()  # type: ignore[attr-defined]
            fresh[once.FIELD] = once.new_mark(self.person, FORM)
            self.data = fresh
            raise


class ApiTokenAdmin(JournalAdmin):
    list_display = [
        "name",
        "user",
        "scope",
        "reach",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_filter = ["scope"]
    list_select_related = ["user"]
    empty_text = "A token lets a program use the API in your name."
    search_fields = ["name", "user__username"]
    hidden = ("token_hash",)
    actions = ["revoke"]

    class Media:
        js = ("automation/once.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        rows = ApiToken.objects.order_by("-id").annotate(project_count=Count("projects"))
        return rows if is_superuser(request) else rows.filter(user=request.user.pk)

    @admin.display(description="projects")
    def reach(self, token: Any) -> str:
        return f"{token.project_count} chosen" if token.is_limited else "all of its user"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return super().get_readonly_fields(request, obj) if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj:
            return self.get_readonly_fields(request, obj)
        owner = ["owner"] if is_superuser(request) else []
        return ["name", "scope", "limited_to", "days", *owner, once.FIELD]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj:
            return super().get_form(request, obj, change, **kwargs)
        form: Any = super().get_form(request, obj, change, **(kwargs | {"form": TokenForm}))
        form.person = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only the object of this request knows the token's text."""
        values = form.cleaned_data
        owner: Any = values.get("owner") or request.user
        token, obj.plain = create_token(
            owner,
            scope=values["scope"],
            name=values["name"],
            expires_at=timezone.now() + timedelta(days=values["days"]),
            projects=values["limited_to"],
            actor=actor_name(request.user),
        )
        obj.pk, obj.user = token.pk, token.user

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """One way to save: a token's text is on the page that follows and nowhere else."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        frame = self.admin_site.each_context(request)
        context = frame | {"title": "Token made", "token": obj, "is_nav_sidebar_enabled": False}
        return TemplateResponse(request, "admin/projects/token_made.html", context)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit has it."""

    @admin.action(description="Revoke", permissions=["view"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiToken]) -> None:
        actor = actor_name(request.user)
        count = sum(revoke_token(token, actor=actor) for token in rows)
        self.message_user(request, f"Revoked: {count}.", messages.SUCCESS)
