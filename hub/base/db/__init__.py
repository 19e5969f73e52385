"""The hub's rows and files, behind one door."""
