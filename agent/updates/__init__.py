"""New releases: fetched, installed in a slot, proven or taken back."""
