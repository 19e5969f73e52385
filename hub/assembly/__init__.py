"""The only rooms that know every class: they put the hub together, run it and try it."""
