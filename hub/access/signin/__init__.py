"""Sign-in by password, passkey or OpenID Connect, and sessions."""
