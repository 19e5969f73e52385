"""A town in such a network: camera, agent, hub, push service, until an alert is complete.

    unshare --net python -m tests.rigs.walled REPORT python -m tests.rigs.walled_town FOLDER FILM

Writes `places.json` into the folder: the names and ports that may be spoken to.
"""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import httpx

from deploy.parts import Part
from deploy.push_service import PushService, in_thread
from deploy.town import BIN, Town, pick_port
from tests.agent.rigs.rtsp import RtspServer
from tests.hub.rigs.open_id_office import CLIENT, SECRET, OpenIdOffice
from tests.waiting import patience_s

PATIENCE_S = 300.0
WHOLE = (
    "SELECT EXISTS (SELECT 1 FROM alerts WHERE clip_id IS NOT NULL)"
    " AND EXISTS (SELECT 1 FROM notifications WHERE state = 'accepted')"
)


def main() -> None:
    """Play, then have both programs try themselves."""
    folder, film = Path(sys.argv[1]), Path(sys.argv[2])
    with ExitStack() as parts:
        town = Town(folder, web_port=pick_port(8710), language="vi")
        town.broker.start()
        parts.callback(town.broker.stop)
        town.build(film, loops=False)
        camera = parts.enter_context(RtspServer(f"/main={film}"))
        told = town.agent_config.read_text(encoding="utf-8")
        told = re.sub(r"recording = .*\nloop = .*\npace = .*\n", f'url = "{camera.url()}"\n', told)
        town.agent_config.write_text(told, encoding="utf-8")
        office = OpenIdOffice(f"{town.url}/login/provider/back")
        parts.enter_context(office.open())
        with_provider(town, office)
        push = PushService()
        parts.enter_context(in_thread(push))
        town.add_webpush_phone(push.make_phone())
        places = {
            "broker": town.broker.port,
            "hub": town.web_port,
            "camera": camera.port,
            "provider": int(office.issuer.rpartition(":")[2]),
            "push": int(push.address.rpartition(":")[2]),
        }
        (folder / "places.json").write_text(json.dumps(places), encoding="utf-8")
        hub = town.start_hub()
        parts.callback(hub.stop)
        agent = town.start_agent(once=False)
        parts.callback(agent.stop)
        town.place_camera(agent)
        agent.wait_until(lambda: is_whole(town), patience_s=PATIENCE_S)
        httpx.get(f"{town.url}/login/provider", trust_env=False, timeout=patience_s())
        try_itself("matthan-agent", town.agent_config)
        try_itself("matthan-hub", town.hub_config)
        stop(agent, hub)


def with_provider(town: Town, office: OpenIdOffice) -> None:
    """The hub's people may sign in there."""
    secret = town.folder / "oidc.secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET, encoding="utf-8")
    with town.hub_config.open("a", encoding="utf-8") as config:
        config.write(
            f'[oidc]\nissuer = "{office.issuer}"\nclient_id = "{CLIENT}"\n'
            f'secret_file = "{secret}"\n'
        )


def is_whole(town: Town) -> bool:
    """An alert has its clip at the hub, and a phone took it."""
    place = f"file:{town.hub_database}?mode=ro"
    with closing(sqlite3.connect(place, uri=True)) as database:
        return bool(database.execute(WHOLE).fetchone()[0])


def try_itself(program: str, config: Path) -> None:
    """Its `check`; a running twin or a missing clock may be wrong, so its word does not count."""
    subprocess.run([str(BIN / program), "check", "--config", str(config)], check=False)


def stop(*parts: Part) -> None:
    """One after the other, while their line is still there."""
    for part in parts:
        part.stop()


if __name__ == "__main__":
    main()
