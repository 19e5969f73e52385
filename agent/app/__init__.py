"""Builds a running node from its settings. The only package that knows every class."""

from agent.app.node import Node, StartError, assemble
from agent.app.once import Unfinished

__all__ = ["Node", "StartError", "Unfinished", "assemble"]
