"""What an officer does with an alert: take, arrive, hand over, close."""
