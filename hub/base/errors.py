"""Base class of the errors that a service answers with."""


class DomainError(Exception):
    """The request is not possible, and nothing was changed; the text is the reason.

    Pages and commands explain it to the person. The audit log records the attempt.
    """


class RegistryError(DomainError):
    """The request cannot be stored; the message is a sentence for the technician."""
