"""The database: connections, shared columns, migrations."""
