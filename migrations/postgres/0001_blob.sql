-- Lets the shared files name bytes as SQLite does.
CREATE DOMAIN blob AS bytea;
