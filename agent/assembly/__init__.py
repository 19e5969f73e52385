"""Wiring: builds a running node from its settings. The only package that knows every class."""

from agent.assembly.node import Node, Refusal, assemble
from agent.assembly.once import Unfinished

__all__ = ["Node", "Refusal", "Unfinished", "assemble"]
