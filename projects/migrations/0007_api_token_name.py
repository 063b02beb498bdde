"""API tokens are called so. The database stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0006_quota"),
    ]

    operations = [
        migrations.AlterModelOptions(name="apitoken", options={"verbose_name": "API token"}),
    ]
