"""Decides about rights, roles and delegation; touches nothing outside."""
