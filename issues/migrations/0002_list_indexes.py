"""Indexes for the orders and filters of the lists of sessions, attempts and events."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["-started_at", "-id"], name="attempt_by_date"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["kind", "-started_at", "-id"], name="attempt_by_kind"),
        ),
        migrations.AddIndex(
            model_name="issuesession",
            index=models.Index(fields=["project", "-id"], name="session_by_project"),
        ),
        migrations.AddIndex(
            model_name="issuesession",
            index=models.Index(fields=["pr_state", "-id"], name="session_by_pr_state"),
        ),
        migrations.AddIndex(
            model_name="issuesession",
            index=models.Index(fields=["manual_review", "-id"], name="session_by_review"),
        ),
        migrations.AddIndex(
            model_name="issuesession",
            index=models.Index(fields=["github_issue_number", "-id"], name="session_by_issue"),
        ),
        migrations.AddIndex(
            model_name="issuesession",
            index=models.Index(fields=["completed_at", "id"], name="session_by_end"),
        ),
        migrations.AddIndex(
            model_name="sessionevent",
            index=models.Index(fields=["-created_at", "-id"], name="event_by_date"),
        ),
    ]
