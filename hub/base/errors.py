"""Base class of the errors that a service answers with."""

from typing import ClassVar


class DomainError(Exception):
    """The request is not possible, and nothing was changed; the text is the reason.

    Pages and commands explain it to the person. The audit log records the attempt.
    """

    log_family: ClassVar[str] = ""
    """Of errors whose text is one of a few faults: the log keeps the code `<family>.<fault>`, which
    a capability declares in `Feature.details`."""


class RegistryError(DomainError):
    """The request cannot be stored; the message is a sentence for the technician."""
