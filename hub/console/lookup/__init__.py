"""Search of everything by name: cameras, places, people, cases, pages, acts."""
