"""The commands of `matthan-hub`, one file for a group of verbs."""
