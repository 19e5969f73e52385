"""Acts of an officer on an alert: take, arrive, hand over, close."""
