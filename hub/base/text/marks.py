"""Marks of texts for the catalogs, where modules name a text and do not show it."""


def page_text(message_id: str) -> str:
    """Mark a message id of the pages' catalog; it is translated where it is shown."""
    return message_id
