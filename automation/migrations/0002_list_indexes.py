"""Indexes for the orders and filters of the lists of effects, deliveries and notifications."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0001_initial"),
        ("issues", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="effect",
            index=models.Index(fields=["-created_at", "-id"], name="effect_by_date"),
        ),
        migrations.AddIndex(
            model_name="effect",
            index=models.Index(fields=["kind", "-created_at", "-id"], name="effect_by_kind"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["-created_at", "-id"], name="notification_by_date"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["-received_at", "-id"], name="delivery_by_date"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["project", "-received_at", "-id"], name="delivery_by_project"),
        ),
    ]
