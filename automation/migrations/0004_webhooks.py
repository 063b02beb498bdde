"""What is kept of a webhook delivery and of the webhook itself: action, reason, tries, the hook's id on GitHub."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0003_effects_done"),
        ("projects", "0006_quota"),
    ]

    operations = [
        migrations.CreateModel(
            name="RepositoryHook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("hook_id", models.PositiveBigIntegerField()),
                (
                    "checked_at",
                    models.DateTimeField(
                        blank=True, help_text="When GitHub's list of deliveries was last read.", null=True
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="action",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="reason",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AlterField(
            model_name="webhookdelivery",
            name="state",
            field=models.CharField(
                choices=[
                    ("received", "Received"),
                    ("done", "Done"),
                    ("ignored", "Ignored"),
                    ("failed", "Failed"),
                ],
                default="received",
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["project", "state", "-received_at", "-id"], name="delivery_of_state"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["state", "-received_at", "-id"], name="delivery_by_state"),
        ),
        migrations.AddField(
            model_name="repositoryhook",
            name="project",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="hook", to="projects.project"
            ),
        ),
    ]
