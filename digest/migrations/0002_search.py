"""What search needs of PostgreSQL beyond tables: two contributed extensions, its dictionaries, and the notes that changes leave."""

from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db import migrations

# Accents are dropped before stemming: "Schrödinger" and "schrodinger" are one word. Names are not stemmed, and none is a stop word.
DICTIONARIES = """
CREATE TEXT SEARCH CONFIGURATION digest_prose (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION digest_prose ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;
CREATE TEXT SEARCH CONFIGURATION digest_names (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION digest_names ALTER MAPPING FOR hword, hword_part, word WITH unaccent, simple;
CREATE INDEX search_word_alike ON digest_searchword USING gin (word gin_trgm_ops);
"""
NO_DICTIONARIES = """
DROP INDEX search_word_alike;
DROP TEXT SEARCH CONFIGURATION digest_names;
DROP TEXT SEARCH CONFIGURATION digest_prose;
"""

# Whoever writes papers, by whatever way, leaves a note; one statement of any size leaves its notes at once.
NOTES = """
CREATE FUNCTION digest_paper_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO digest_searchpending (paper_id) SELECT id FROM added;
    RETURN NULL;
END $$;
CREATE FUNCTION digest_paper_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO digest_searchpending (paper_id)
    SELECT n.id FROM changed n JOIN before b USING (id)
    WHERE (n.title, n.abstract, n.authors, n.keywords, n.withdrawn_at IS NULL, n.merged_into_id)
        IS DISTINCT FROM (b.title, b.abstract, b.authors, b.keywords, b.withdrawn_at IS NULL, b.merged_into_id);
    RETURN NULL;
END $$;
CREATE FUNCTION digest_paper_retopiced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO digest_searchpending (paper_id) SELECT DISTINCT paper_id FROM retopiced;
    RETURN NULL;
END $$;
CREATE TRIGGER search_paper_added AFTER INSERT ON digest_paper
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION digest_paper_added();
CREATE TRIGGER search_paper_changed AFTER UPDATE ON digest_paper
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION digest_paper_changed();
CREATE TRIGGER search_topic_added AFTER INSERT ON digest_papertopic
    REFERENCING NEW TABLE AS retopiced FOR EACH STATEMENT EXECUTE FUNCTION digest_paper_retopiced();
CREATE TRIGGER search_topic_removed AFTER DELETE ON digest_papertopic
    REFERENCING OLD TABLE AS retopiced FOR EACH STATEMENT EXECUTE FUNCTION digest_paper_retopiced();
"""
NO_NOTES = """
DROP TRIGGER search_topic_removed ON digest_papertopic;
DROP TRIGGER search_topic_added ON digest_papertopic;
DROP TRIGGER search_paper_changed ON digest_paper;
DROP TRIGGER search_paper_added ON digest_paper;
DROP FUNCTION digest_paper_retopiced();
DROP FUNCTION digest_paper_changed();
DROP FUNCTION digest_paper_added();
"""


class Migration(migrations.Migration):
    dependencies = [("digest", "0001_initial")]
    operations = [
        TrigramExtension(),
        UnaccentExtension(),
        migrations.RunSQL(DICTIONARIES, NO_DICTIONARIES),
        migrations.RunSQL(NOTES, NO_NOTES),
    ]
