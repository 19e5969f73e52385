"""The only place that knows every class: from settings to a node that runs."""

from agent.assembly.node import Node, Refusal, assemble
from agent.assembly.once import Unfinished

__all__ = ["Node", "Refusal", "Unfinished", "assemble"]
