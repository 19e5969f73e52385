"""The camera port and its adapters: network cameras, USB, the Pi's own, recordings."""
