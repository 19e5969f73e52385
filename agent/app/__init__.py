"""Builds a running node from its settings. The only package that knows every class."""

from agent.app.node import Node, Refusal, assemble
from agent.app.once import Unfinished

__all__ = ["Node", "Refusal", "Unfinished", "assemble"]
