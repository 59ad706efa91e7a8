"""Finds people by a part of their address or name, digests by a part of theirs, and who reads none: without reading everyone."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

# As Django writes `icontains`: UPPER of both sides.
ALIKE = """
CREATE INDEX subscriber_alike ON subscriptions_subscriber
    USING gin (upper(address::text) gin_trgm_ops, upper(name::text) gin_trgm_ops);
CREATE INDEX subscription_alike ON subscriptions_subscription USING gin (upper(name::text) gin_trgm_ops);
CREATE INDEX subscription_idle ON subscriptions_subscription (subscriber_id) WHERE next_issue_at IS NULL;
"""
NOT_ALIKE = """
DROP INDEX subscription_idle;
DROP INDEX subscription_alike;
DROP INDEX subscriber_alike;
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_audit_is_append_only")]
    operations = [TrigramExtension(), migrations.RunSQL(ALIKE, NOT_ALIKE)]
