"""OpenID provider of the hub: discovery, requests, and checked tokens."""
