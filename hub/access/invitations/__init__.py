"""Invitations: how a new person gets an account."""
