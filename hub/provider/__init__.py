"""The OpenID provider that the hub may have: found, asked, and believed only as far as it signs."""
