"""The certificate authority: certificates and revocation lists."""
