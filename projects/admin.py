"""The admin of projects, credentials, roles, tokens and the audit."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html

from projects import editing
from projects.access import actor_name
from projects.admin_scope import JournalAdmin, ScopedAdmin, is_superuser, may_anywhere
from projects.archive import archive
from projects.changelist import ProjectFilter
from projects.columns import coded, worded
from projects.forms import ProjectForm, fieldsets
from projects.github.quota import overview
from projects.github_admin import GitHubAppAdmin, GitHubIdentityAdmin
from projects.models import (
    ApiToken,
    AuditEvent,
    Credential,
    GitHubApp,
    GitHubIdentity,
    Membership,
    Project,
    Scope,
)
from projects.roles_admin import RoleInline, save_roles
from projects.token_admin import ApiTokenAdmin

SAME_MOMENT = "Somebody else stored the same in the same moment: nothing was saved. Look, and enter it again."
LABELS = {
    "working_dir": "Workspace folder",
    "agent_model": "Model of the agent",
    "agent_command": "Command of the agent",
    "attempt_max_minutes": "Minutes of an attempt, at most",
    "attempt_silence_minutes": "Minutes of silence, at most",
    "attempt_max_turns": "Turns of an attempt, at most",
    "attempt_max_cost_usd": "Cost of an attempt, at most (USD)",
    "monthly_budget_usd": "Monthly budget (USD)",
}
ALWAYS = ["automation_enabled", "credential", "last_synced_at", "last_tended_at", "created_at"]
# Shown where the project has it: the column of what is shown under the name.
SOMETIMES = {
    "trouble": "error_code",
    "error_message": "error_message",
    "error_since": "error_since",
    "retry_at": "retry_at",
    "workspace": "workspace_bytes",
}


@admin.register(Project)
class ProjectAdmin(ScopedAdmin):
    project_path = "pk"
    form = ProjectForm
    list_display = [
        "name",
        "repository",
        "automation_enabled",
        "auto_start",
        "last_synced_at",
        "trouble",
    ]
    empty_text = "A project is a repository on GitHub whose issues are worked on."
    trouble = staticmethod(coded("error_code", "trouble"))
    list_filter = ["automation_enabled", "auto_sync", "auto_start", "agent"]
    search_fields = ["name", "github_repo"]
    sortable_by = ["name", "repository", "last_synced_at"]
    actions = ["sync", "start_automation", "stop_automation"]
    readonly_fields = [*ALWAYS, *SOMETIMES]
    inlines = [RoleInline]

    @admin.display(ordering="github_repo", description="repository")
    def repository(self, project: Project) -> str:
        return format_html('<a href="{}">{}</a>', project.web_url, project.github_repo)

    @admin.display(description="workspace")
    def workspace(self, project: Project) -> str:
        return filesizeformat(project.workspace_bytes or 0)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("projects.add_project")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """People come in by the page that links a repository; an address with values to fill in opens the long form."""
        is_plain = request.method in ("GET", "HEAD") and not request.GET
        if is_plain and self.has_add_permission(request):
            return redirect("admin:link-repository")
        return super().add_view(request, form_url, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return is_superuser(request) or may_anywhere(request, Scope.ADMIN)
        return bool(obj.allows(request.user, Scope.ADMIN))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and self.has_change_permission(request, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        may_edit = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        known = [name for name, column in SOMETIMES.items() if getattr(obj, column, None)]
        state = [("State", {"fields": [*ALWAYS, *known]})] if obj else []
        return [*fieldsets(may_edit=may_edit), *state]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        kept = [] if is_superuser(request) else ["working_dir"]
        return [*super().get_readonly_fields(request, obj), *kept]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, labels=LABELS, **kwargs)
        form.user = request.user  # type: ignore[attr-defined]
        return form

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        actor, secrets = actor_name(request.user), form.secrets()
        if not change:
            editing.create(obj, secrets=secrets, actor=actor, owner=request.user)
            return
        stored = Project.objects.get(pk=obj.pk)
        changed = [name for name in editing.SETTABLE if getattr(stored, name) != getattr(obj, name)]
        editing.change(obj, changed, secrets=secrets, actor=actor)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        try:
            title = {"title": "Settings"} if object_id else {}
            return super().changeform_view(request, object_id, form_url, title | (extra_context or {}))
        except IntegrityError:
            self.message_user(request, SAME_MOMENT, messages.ERROR)
            return redirect(request.get_full_path())

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        save_roles(formset, actor=actor_name(request.user))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Deleting archives, so nothing else goes with it; the page itself says what becomes of what."""
        return [], {"projects": len(objs)}, set(), []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        return super().delete_view(request, object_id, {**(extra_context or {}), "title": "Archive"})

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        self.message_user(request, f"Archived: {obj_display}", messages.SUCCESS)
        return redirect("admin:index")

    def response_post_save_change(self, request: HttpRequest, obj: Project) -> HttpResponseRedirect:
        """People come from the board."""
        return redirect("admin:board", obj.pk)

    def delete_model(self, request: HttpRequest, obj: Project) -> None:
        archive(obj, actor=actor_name(request.user))

    @admin.action(description="Sync issues", permissions=["operate"])
    def sync(self, request: HttpRequest, rows: QuerySet[Project]) -> None:
        actor = actor_name(request.user)
        self.act_on_each(request, rows, lambda p: editing.request_sync(p, actor=actor), done="Sync asked for")

    @admin.action(description="Start automation", permissions=["operate"])
    def start_automation(self, request: HttpRequest, rows: QuerySet[Project]) -> None:
        self._switch(request, rows, on=True, done="Automation started")

    @admin.action(description="Stop automation (running sessions finish)", permissions=["operate"])
    def stop_automation(self, request: HttpRequest, rows: QuerySet[Project]) -> None:
        self._switch(request, rows, on=False, done="Automation stopped")

    def _switch(self, request: HttpRequest, rows: QuerySet[Project], *, on: bool, done: str) -> None:
        actor = actor_name(request.user)
        self.act_on_each(request, rows, lambda p: editing.switch_automation(p, on=on, actor=actor), done=done)


@admin.register(Credential)
class CredentialAdmin(JournalAdmin):
    """What a stored secret is for and how it fares; never the secret, nor what could tell two apart."""

    list_display = ["__str__", "kind", "api_url", "ends_at", "rate_remaining", "rate_reset_at", "trouble"]
    trouble = staticmethod(coded("error_code", "trouble"))
    words = {"error_code": worded}
    empty_text = "A credential is stored with the project that it is given for."
    list_filter = ["kind"]
    hidden = (
        *("secret", "fingerprint", "lease_owner", "lease_until", "fence"),
        *("rate_refusals", "rate_minute", "rate_points", "rate_change_at", "rate_changes"),
    )
    shows_all_to_superusers = True
    project_path = "projects"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), "quota"]

    @admin.display(description="GitHub's quota")
    def quota(self, credential: Credential) -> str:
        return overview(credential, timezone.now()) or "GitHub has told nothing lately."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        if is_superuser(request):
            return Credential.objects.get_queryset()
        mine = Project.objects.visible_to(request.user, Scope.ADMIN)
        used = Project.objects.filter(pk__in=mine)
        return Credential.objects.filter(
            Q(pk__in=used.values("credential")) | Q(pk__in=used.values("webhook_credential"))
        )


@admin.register(Membership)
class MembershipAdmin(ScopedAdmin):
    list_display = ["user", "project", "role"]
    empty_text = "Managers give roles on the settings page of their project."
    list_filter = [ProjectFilter, "role"]
    list_select_related = ["user", "project"]
    raw_id_fields = ["user", "project"]
    search_fields = ["user__username", "project__name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        obj.save()
        editing.record_role(obj, "role.changed" if change else "role.given", actor=actor_name(request.user))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        editing.record_role(obj, "role.taken", actor=actor_name(request.user))
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        for membership in queryset:
            self.delete_model(request, membership)


admin.site.register(ApiToken, ApiTokenAdmin)
admin.site.register(GitHubApp, GitHubAppAdmin)
admin.site.register(GitHubIdentity, GitHubIdentityAdmin)


@admin.register(AuditEvent)
class AuditEventAdmin(JournalAdmin):
    list_display = ["created_at", "actor", "what", "subject", "project"]
    what = staticmethod(coded("verb", "what"))
    words = {"verb": worded}
    empty_text = "Each change of a project, a role or a token is noted here."
    list_filter = [ProjectFilter]
    list_select_related = ["project"]
    list_defer = ("detail",)
    ordering = ["-id"]
    shows_all_to_superusers = True
