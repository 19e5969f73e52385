"""The MQTT connection: session, inbound messages, faults of the connection."""
