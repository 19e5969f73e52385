"""A person's account as a keeper sees it: close and reopen."""
