-- Insert-only tables refuse change below the server's code too.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER entry_refuses_change BEFORE UPDATE OR DELETE ON entry
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_refuses_truncate BEFORE TRUNCATE ON entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER body_refuses_change BEFORE UPDATE OR DELETE ON body
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER body_refuses_truncate BEFORE TRUNCATE ON body
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wrap_refuses_change BEFORE UPDATE OR DELETE ON wrap
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wrap_refuses_truncate BEFORE TRUNCATE ON wrap
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER previous_box_refuses_change BEFORE UPDATE OR DELETE ON previous_box
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER previous_box_refuses_truncate BEFORE TRUNCATE ON previous_box
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- A part may go with its file, but not change.
CREATE TRIGGER file_part_refuses_change BEFORE UPDATE ON file_part
FOR EACH ROW EXECUTE FUNCTION refuse_change();
