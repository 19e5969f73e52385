"""Secrets of a hub in a backup: which files, and where each belongs.

They are the secrets folder, the authorities' folders, and single files that the configuration may
have placed elsewhere.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hub.app import channels, enrolment, keys, provider, stores
from hub.app.backup.archive import ArchiveReader, ArchiveWriter, Seal
from hub.app.config import HubSettings
from hub.app.keys import MASTER_KEY
from hub.base.private_files import write_private, write_public

MOST_BYTES: Final = 2**20
"""A larger file is not a key or certificate."""


def _places(settings: HubSettings) -> dict[str, Path]:
    """Places of secrets, by the name of their folder in the backup. Brokers and boxes may have
    different authorities."""
    of_brokers, of_boxes = settings.broker.ca_file.parent, enrolment.authority_folder(settings)
    places = {"secrets": settings.secrets.folder, "authority": of_brokers}
    return places if of_boxes == of_brokers else places | {"authority-of-boxes": of_boxes}


def _single_files(settings: HubSettings) -> dict[str, Path]:
    """Files that the configuration may have placed elsewhere."""
    return {
        "single/hub.crt": settings.broker.cert_file,
        "single/hub.key": settings.broker.key_file,
        "single/ca.crt": settings.broker.ca_file,
        "single/vapid.pem": keys.push_key_file(settings),
        "single/oidc.secret": provider.secret_file(settings),
        "single/bucket.key": stores.bucket_key_file(settings),
        **{f"single/{name}": path for name, path in channels.files(settings).items()},
    }


def add_secrets(writer: ArchiveWriter, settings: HubSettings, seal: Seal | None) -> int:
    """Write the secrets into a backup; returns their number."""
    files = {name: path for name, path in _single_files(settings).items() if path.is_file()}
    for folder, place in _places(settings).items():
        if place.is_dir():
            files |= {f"{folder}/{path.name}": path for path in _small_files(place)}
    for name, path in files.items():
        content = path.read_bytes()
        writer.add(name, [content if seal is None else seal.close(name, content)])
    return len(set(files.values()))


def _small_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        is_small = path.is_file() and path.stat().st_size <= MOST_BYTES
        # A backup with it would open what is sealed in it.
        if is_small and not path.name.startswith(MASTER_KEY):
            yield path


def secrets_in(
    reader: ArchiveReader, settings: HubSettings, seal: Seal | None
) -> dict[Path, bytes]:
    """Each secret of the backup by its place in this hub's configuration."""
    places = {
        f"{folder}/{name}": place / name
        for folder, place in _places(settings).items()
        for name in reader.names(folder)
        if Path(name).name == name  # no path out of the folder
    }
    places |= {
        name: path
        for name, path in _single_files(settings).items()
        if name.removeprefix("single/") in reader.names("single")
    }
    content = {name: b"".join(reader.read(name)) for name in places}
    return {
        path: content[name] if seal is None else seal.open(name, content[name])
        for name, path in places.items()
    }


def differs(path: Path, content: bytes) -> bool:
    """True if a different file is there."""
    return path.exists() and path.read_bytes() != content


def put_secret(path: Path, content: bytes) -> None:
    """Write a secret to its place; a different existing file is kept as `.replaced`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if differs(path, content):
        path.rename(path.with_name(f"{path.name}.replaced"))
    write = write_public if path.suffix in (".crt", ".pub") else write_private
    write(path, content)
