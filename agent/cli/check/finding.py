"""Result of one check, as a line in the reader's language."""

from dataclasses import dataclass, field

from agent.i18n import N_, Say


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one check: its subject, and its fault if any (templates)."""

    about: str
    sentence: str = ""
    cure: str = ""
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """True if the check found no fault."""
        return not self.sentence

    def line(self, say: Say) -> str:
        """The line that is shown for this check."""
        about = say(self.about).format(**self.facts)
        if self.is_ok:
            return f"{say(N_('ok'))}: {about}"
        sentence = say(self.sentence).format(**self.facts).rstrip(".")
        cure = say(self.cure).format(**self.facts)
        return f"{say(N_('WRONG'))}: {about}: {sentence}. {cure}"
