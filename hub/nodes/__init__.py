"""Nodes: enrolment, certificates, settings, releases, health."""
