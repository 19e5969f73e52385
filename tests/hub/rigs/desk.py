"""The hub's command line, called as its keeper calls it."""

from pathlib import Path

import pytest

from hub.__main__ import main
from hub.app.config import HubSettings
from hub.app.config.alerting import PushSection
from hub.app.config.machine import SecretsSection, StoreSection, WebSection
from hub.app.config.public import DataRequestsSection, HouseholdsSection, TipsSection
from hub.app.resources import Resources
from hub.nodes.pki.upload_tokens import KEY_BYTES, UploadTokens


def resources_in(folder: Path, url: str = "sqlite://") -> Resources:
    """Resources of a hub that has no authority, and takes nothing from people outside."""
    made = Resources(
        HubSettings(
            store=StoreSection(url=url, media_folder=folder / "media"),
            web=WebSection(public_url="http://testserver"),
            tips=TipsSection(accepted=False),
            households=HouseholdsSection(asked=False),
            petitions=DataRequestsSection(accepted=False),
            push=PushSection(subject="mailto:keeper@hub.example"),
            secrets=SecretsSection(folder=folder / "secrets"),
        )
    )
    made.tokens = UploadTokens(bytes(KEY_BYTES), upload_url="http://testserver/upload")
    made.enrolling = made.revocation = made.broadcast = made.pack = made.sign = None
    return made


class Desk:
    """A hub's commands, run in this process."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._config = config
        self._capsys = capsys

    @classmethod
    def of(cls, url: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> "Desk":
        config = folder / "hub.toml"
        config.write_text(f"""
[store]
url = "{url}"
media_folder = "{folder / "media"}"
[web]
public_url = "http://testserver"
[push]
subject = "mailto:keeper@hub.example"
[secrets]
folder = "{folder / "secrets"}"
""")
        return cls(config, capsys)

    def says(self, *words: str) -> str:
        code, out, err = self._run(words)
        assert code == 0, err
        return out

    def finds(self, *words: str) -> str:
        """What it says of something that does not hold: it ends with 1."""
        code, out, _ = self._run(words)
        assert code == 1, out
        return out

    def refuses(self, *words: str) -> str:
        code, out, err = self._run(words)
        assert code == 1, out
        [line] = err.splitlines()
        return line

    def _run(self, words: tuple[str, ...]) -> tuple[object, str, str]:
        self._capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr("sys.argv", ["matthan-hub", *words, "--config", str(self._config)])
            patch.setattr("hub.app.logs.set_up", lambda _: None)
            main()
        return ended.value.code, *self._capsys.readouterr()
