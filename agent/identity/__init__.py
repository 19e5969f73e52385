"""The node's keys and certificates: enrolment and renewal."""
