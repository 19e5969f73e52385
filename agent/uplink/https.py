"""HTTPS to the hub: trusted authorities, and errors in one line."""

import ssl
from functools import cache
from pathlib import Path

import httpx


def why(error: Exception, url: str) -> str:
    """The error in one line; for an untrusted certificate with its cure."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"the certificate of {url} is not vouched for ({cause.verify_message}). Add the authority"
        " that issued it to the file [broker] ca_file, have the hub's upload_url name it as the"
        " certificate does, and see that this node's clock is right"
    )


def context(trusted: Path | None) -> ssl.SSLContext:
    """TLS context that trusts the system's authorities and, if given, the authorities of a PEM
    file."""
    made = ssl.create_default_context()
    if trusted is not None:
        made.load_verify_locations(trusted)
    return made


@cache
def shared_context(trusted: Path | None) -> ssl.SSLContext:
    """The same context as `context`, created once and shared as long as the node runs: the system's
    authorities take .8 MiB of memory, and four clients use them."""
    return context(trusted)


def client(
    trusted: Path | None,
    timeout: float | httpx.Timeout,
    transport: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client with `shared_context`; `timeout` in seconds.

    It follows no redirect: a token goes where the hub said, and nowhere else.
    """
    return httpx.Client(
        verify=shared_context(trusted),
        timeout=timeout,
        transport=transport,
        follow_redirects=False,
        trust_env=False,
    )
