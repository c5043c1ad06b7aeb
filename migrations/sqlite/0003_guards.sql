-- Insert-only tables refuse change below the server's code too.
CREATE TRIGGER entry_refuses_update BEFORE UPDATE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is insert-only'); END;
CREATE TRIGGER entry_refuses_delete BEFORE DELETE ON entry
BEGIN SELECT RAISE(ABORT, 'entry is insert-only'); END;
CREATE TRIGGER body_refuses_update BEFORE UPDATE ON body
BEGIN SELECT RAISE(ABORT, 'body is insert-only'); END;
CREATE TRIGGER body_refuses_delete BEFORE DELETE ON body
BEGIN SELECT RAISE(ABORT, 'body is insert-only'); END;
CREATE TRIGGER wrap_refuses_update BEFORE UPDATE ON wrap
BEGIN SELECT RAISE(ABORT, 'wrap is insert-only'); END;
CREATE TRIGGER wrap_refuses_delete BEFORE DELETE ON wrap
BEGIN SELECT RAISE(ABORT, 'wrap is insert-only'); END;
CREATE TRIGGER previous_box_refuses_update BEFORE UPDATE ON previous_box
BEGIN SELECT RAISE(ABORT, 'previous_box is insert-only'); END;
CREATE TRIGGER previous_box_refuses_delete BEFORE DELETE ON previous_box
BEGIN SELECT RAISE(ABORT, 'previous_box is insert-only'); END;
-- A part may go with its file, but not change.
CREATE TRIGGER file_part_refuses_update BEFORE UPDATE ON file_part
BEGIN SELECT RAISE(ABORT, 'file_part is written once'); END;
