"""Settings of the pages, from the hub's configuration."""

from hub.app.config import PublicSection
from hub.app.resources import Resources
from hub.notify.channels.descriptor import Address
from hub.notify.channels.listing import entry_of
from hub.web.rendering import PublicWords, WebSettings


def web_settings(r: Resources) -> WebSettings:
    """The settings of the pages."""
    web = r.settings.web
    return WebSettings(
        public_url=web.public_url,
        push_public_key=r.push_signer.application_server_key,
        now=lambda: r.clock.now().utc_us,
        time_zone=web.time_zone,
        notice_channels=tuple(
            sorted(one for one in r.channels if entry_of(one).address is not Address.OWN)
        ),
        allows_local_push=r.settings.push.allows_local,
        public_words=_public_words(r.settings.public),
    )


def _public_words(said: PublicSection) -> dict[str, PublicWords]:
    """Public texts, by language."""
    return {
        "vi": PublicWords(said.by_vi, said.purpose_vi, said.contact_vi),
        "en": PublicWords(said.by_en, said.purpose_en, said.contact_en),
    }
