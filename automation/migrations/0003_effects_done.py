"""An index for the pull requests of a period, whose times Analytics counts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("automation", "0002_list_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="effect",
            index=models.Index(fields=["kind", "done_at", "issue_session"], name="effect_by_done"),
        ),
    ]
