"""The health of nodes: last report, faults, plots."""
