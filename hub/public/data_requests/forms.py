"""The forms of data requests."""

from hub.public.data_requests.rules import RequestKind
from hub.public.data_requests.views import NewDataRequest
from hub.public.tips.forms import Text, Word, area_or_none
from hub.public.tips.sealing import Reporter
from hub.web.forms import TypedForm


class DataRequestForm(TypedForm):
    """A request as a person typed it, or an officer for them."""

    wish: Word = ""
    """Kind of the request."""
    what: Text = ""
    area: Word = ""
    name: Word = ""
    contact: Word = ""
    consent: Word = ""
    language: Word = "vi"
    """Of the person, if an officer types it."""
    website: Word = ""
    """A field that people do not see."""
    mark: Word = ""
    """Mark of this form, so that it is taken once."""

    def new(self, language: str, *, has_consent: bool) -> NewDataRequest:
        """The request; what is missing is None."""
        return NewDataRequest(
            wish=RequestKind(self.wish) if self.wish in set(RequestKind) else None,
            what=self.what,
            area_id=area_or_none(self.area),
            person=Reporter(self.name, self.contact),
            language=language,
            has_consent=has_consent,
        )


class StepForm(TypedForm):
    """A step of an officer."""

    step: Word = ""
    """Name of the step, for the page that shows the form again."""
    words: Text = ""
    outcome: Word = ""
    refusal: Word = ""


class ErasedSpanForm(TypedForm):
    """The span of a camera whose footage is to be deleted."""

    camera: Word = ""
    day: Word = ""
    since: Word = "00:00"
    until: Word = "23:59"
