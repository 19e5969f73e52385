"""Public page about the watched places and the reasons."""
