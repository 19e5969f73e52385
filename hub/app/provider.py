"""Makes the OpenID provider from the configuration; none by default."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hub.access.oidc.http import ProviderHttp
from hub.access.oidc.provider import OidcProvider, ProviderClient
from hub.app.config import HubSettings
from hub.app.errors import StartRefusedError
from hub.base.private_files import read_private

BACK: Final = "/login/provider/back"
"""Address to which the provider sends browsers back; it must be registered there."""
SECRET: Final = "oidc.secret"  # noqa: S105 - the name of a file


def secret_file(settings: HubSettings) -> Path:
    """File of the client's secret."""
    return Path(settings.oidc.secret_file or settings.secrets.folder / SECRET)


def provider(
    settings: HubSettings, now_utc_s: Callable[[], float], *, redirect_key: bytes | None = None
) -> OidcProvider | None:
    """The configured provider; it is not asked yet, so that a hub starts without it.
    StartRefusedError if a setting or file is missing."""
    oidc = settings.oidc
    if not oidc.issuer:
        return None
    if not oidc.client_id:
        raise StartRefusedError("oidc.client_id is missing: who the hub is to oidc.issuer")
    client = ProviderClient(
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        secret=_secret(secret_file(settings)),
        redirect_uri=f"{settings.web.public_url}{BACK}",
        scopes=oidc.scopes,
        label_claim=oidc.claim,
    )
    names = {"vi": oidc.button_vi, "en": oidc.button_en}
    line = ProviderHttp(_trust(oidc.ca_file))
    return OidcProvider(
        client, names=names, line=line, now_utc_s=now_utc_s, redirect_key=redirect_key
    )


def _secret(path: Path) -> str:
    try:
        secret = read_private(path).decode().strip()
    except FileNotFoundError as error:
        raise StartRefusedError(
            f"there is no {path} with the client's secret (oidc.secret_file). Write it there, on "
            "one line, and: chmod 600"
        ) from error
    except (OSError, ValueError) as error:
        raise StartRefusedError(f"oidc.secret_file cannot be used: {error}") from error
    if not secret or not secret.isprintable():
        raise StartRefusedError(f"{path} must be one line: the client's secret")
    return secret


def _trust(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise StartRefusedError(
            f"oidc.ca_file {ca_file} cannot be used: {error}. It must be a certificate, PEM"
        ) from error
