"""Using the admin's pages as a browser would: addresses, actions, and the project's form as it stands."""

from __future__ import annotations

from django.urls import reverse

from projects.models import Project


def page(model, action="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}", args=args)


def act(client, model, action, *pks, **fields):
    """Press the list's button, and answer the page that asks first, where there is one."""
    body = {"action": action, "_selected_action": pks, **fields}
    answer = client.post(page(model), body, follow=True)
    if "confirmed" in fields or 'name="confirmed"' not in answer.content.decode():
        return answer
    return act(client, model, action, *pks, confirmed="yes")


def save(client, project=None, **fields):
    """Fill in the project's form as it stands, roles included, with `fields` typed over it."""
    return send(client, project, filled(client, project) | fields)


def filled(client, project=None):
    """What a browser would send of the project's form as it stands, roles included."""
    context = client.get(settings_path(project)).context
    sets = [inline.formset for inline in context["inline_admin_formsets"]]
    forms = [
        context["adminform"].form,
        *(form for each in sets for form in (each.management_form, *each.forms, each.empty_form)),
    ]
    return {form[name].html_name: form[name].value() for form in forms for name in form.fields}


def send(client, project, values):
    typed = {name: value for name, value in values.items() if value is not None and value is not False}
    return client.post(settings_path(project), typed)


def settings_path(project):
    return page(Project, "change", project.pk) if project else page(Project, "add") + "?agent=claude_code"
