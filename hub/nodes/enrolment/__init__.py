"""Enrolment of nodes: one-time codes, certificates, renewal."""
