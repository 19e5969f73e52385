"""The hub's MQTT session and its inbox."""
