"""From the broker to the store: decode, commit, acknowledge, receipt."""
