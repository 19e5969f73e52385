"""ONVIF: finding cameras, and the footage of their recorders."""
