"""Delivery of one message by the channels of a person."""
