"""Vendored code is exactly what was taken, with its licence beside it."""

import tomllib
from hashlib import sha256

import pytest

from hub.web.rendering import STATIC_FOLDER

VENDOR = STATIC_FOLDER / "vendor"


@pytest.mark.promise("Hub: Each vendored browser file has its hash and licence.")
def test_every_vendored_file_has_its_hash_and_licence() -> None:
    entries = tomllib.loads((VENDOR / "VENDOR.toml").read_text())["file"]
    for entry in entries:
        data = (VENDOR / entry["path"]).read_bytes()
        assert sha256(data).hexdigest() == entry["sha256"], entry["path"]
        assert (VENDOR / entry["licence_file"]).read_text().strip()
        assert entry["version"] in entry["path"]
    known = {name for entry in entries for name in (entry["path"], entry["licence_file"])}
    assert {path.name for path in VENDOR.iterdir()} == known | {"VENDOR.toml"}
