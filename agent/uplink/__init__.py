"""Uplink to the hub: outbox, MQTT connection, uploads, live pictures."""
