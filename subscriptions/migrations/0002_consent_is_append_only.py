from django.db import migrations

FORBID = """
CREATE FUNCTION subscriptions_consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.subscriber_id IS NULL AND OLD.subscriber_id IS NOT NULL THEN
        NEW.subscriber_id := OLD.subscriber_id;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            NEW.subscriber_id := NULL;
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'consent is append-only: rows are added, and lose their subscriber on erasure, but never change'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER consent_is_append_only BEFORE UPDATE OR DELETE ON subscriptions_consent
    FOR EACH ROW EXECUTE FUNCTION subscriptions_consent_is_append_only();
"""
ALLOW = """
DROP TRIGGER consent_is_append_only ON subscriptions_consent;
DROP FUNCTION subscriptions_consent_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]
    operations = [migrations.RunSQL(FORBID, ALLOW)]
