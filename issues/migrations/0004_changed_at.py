"""The moment of a session's last activity, taken from its newest event and the times of its own row."""

import django.utils.timezone
from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

MOMENTS = ("issue_updated_at", "queued_at", "started_at", "completed_at")


def fill(apps, schema_editor):
    events = apps.get_model("issues", "SessionEvent").objects.filter(issue_session=OuterRef("pk"))
    newest = Subquery(events.order_by("-id").values("created_at")[:1])
    known = [Coalesce(moment, "created_at") for moment in (newest, *MOMENTS)]
    apps.get_model("issues", "IssueSession").objects.update(changed_at=Greatest("created_at", *known))


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0003_held_and_ended"),
    ]

    operations = [
        migrations.AddField(
            model_name="issuesession",
            name="changed_at",
            field=models.DateTimeField(
                "last activity",
                default=django.utils.timezone.now,
                editable=False,
                help_text="Of its newest event or content.",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="issuesession",
            index=models.Index(fields=["project", "-changed_at", "-id"], name="session_by_activity"),
        ),
    ]
