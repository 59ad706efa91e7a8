from django.db import migrations

FORBID = """
CREATE FUNCTION subscriptions_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL AND OLD.actor_id IS NOT NULL THEN
        NEW.actor_id := OLD.actor_id;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            NEW.actor_id := NULL;
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: rows are added, and lose their account when it is removed, but never change'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON subscriptions_auditentry
    FOR EACH ROW EXECUTE FUNCTION subscriptions_audit_is_append_only();
"""
ALLOW = """
DROP TRIGGER audit_is_append_only ON subscriptions_auditentry;
DROP FUNCTION subscriptions_audit_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0002_consent_is_append_only")]
    operations = [migrations.RunSQL(FORBID, ALLOW)]
