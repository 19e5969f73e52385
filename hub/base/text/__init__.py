"""Text and tables of text: CSV, names, normal forms."""
