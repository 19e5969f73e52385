"""Base class of the errors that a service answers with."""


class DomainError(Exception):
    """The request is not possible, and nothing was changed; the text is the reason.

    Pages and commands explain it to the person. The audit log records the attempt.
    """

    def __init__(self, text: str, log_code: str = "", **log_values: object) -> None:
        """`log_code`: the reason as a code of the log, such as `case.number_taken`, whose text a
        capability declares in `Feature.details`, with its values. Empty: the log keeps the text."""
        super().__init__(text)
        self.log_code = log_code
        self.log_values = log_values


class RegistryError(DomainError):
    """The request cannot be stored; the message is a sentence for the technician."""
