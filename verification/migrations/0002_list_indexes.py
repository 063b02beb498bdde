"""Indexes for the orders and filters of the list of results."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("issues", "0002_list_indexes"),
        ("verification", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="verificationresult",
            index=models.Index(fields=["-created_at", "-id"], name="result_by_date"),
        ),
        migrations.AddIndex(
            model_name="verificationresult",
            index=models.Index(fields=["check_type", "-created_at", "-id"], name="result_by_type"),
        ),
        migrations.AddIndex(
            model_name="verificationresult",
            index=models.Index(fields=["passed", "-created_at", "-id"], name="result_by_verdict"),
        ),
    ]
