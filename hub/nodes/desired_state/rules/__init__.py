"""Decides the stages of a roll-out and the settings of a node; touches nothing outside."""
