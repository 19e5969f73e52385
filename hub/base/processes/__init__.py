"""What several processes of a hub over one PostgreSQL agree on."""
