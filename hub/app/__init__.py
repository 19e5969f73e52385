"""Wiring: builds the hub, runs it and checks it. The only package that knows every class."""
