"""The commands beside `run`; a running node imports none of them."""
