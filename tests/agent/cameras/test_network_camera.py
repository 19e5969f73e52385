"""A node with a network camera: what it reports when the camera goes and comes, and its log."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.wire.messages import CameraBack, CameraLost
from agent.wire.presence import Birth
from deploy.broker import Broker
from tests.agent.helpers.app.run import agent, outcome
from tests.agent.rigs.hubside import FakeHub
from tests.agent.rigs.own_file import own_file
from tests.agent.rigs.rtsp import RtspServer
from tests.agent.rigs.vision import record
from tests.waiting import until

LOGIN = "guest:wr0ng-or-right"


@pytest.fixture
def broker(needs_broker: None, tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "mqtt") as broker:
        yield broker


def config(folder: Path, broker: Broker, server: RtspServer) -> Path:
    main, sub = server.url("/main", LOGIN), server.url("/sub", LOGIN)
    return own_file(folder, broker, f'url = "{main}"\nsub_url = "{sub}"')


def said(hub: FakeHub) -> list[CameraLost | CameraBack]:
    bodies = (event.body for event in hub.heard)
    return [body for body in bodies if isinstance(body, CameraLost | CameraBack)]


@pytest.mark.promise(
    "Cameras: A lost camera is reported once, retried, and reported when it is back."
)
@pytest.mark.system
def test_a_camera_that_goes_and_comes_is_said_once_each_and_its_password_never(
    tmp_path: Path, broker: Broker
) -> None:
    footage = record(tmp_path / "street.mp4", 60, frames_per_s=25)
    mounts = (f"/main={footage}", f"/sub={footage}")
    with FakeHub(broker) as hub, RtspServer(*mounts, login=LOGIN) as server:
        stats = tmp_path / "stats.json"
        process = agent("run", "--config", config(tmp_path, broker, server), "--stats", stats)
        until(lambda: any(isinstance(status, Birth) for status in hub.statuses))
        time.sleep(3)  # it is watched for a while
        server.kill()
        until(lambda: said(hub))
        time.sleep(3)  # the tries that fail are the same loss
        with RtspServer(*mounts, login=LOGIN, port=server.port):
            until(lambda: len(said(hub)) == 2)
            process.terminate()
            code, _, err = outcome(process)
    assert code == 0, err
    lost, back = said(hub)
    assert isinstance(lost, CameraLost)
    assert isinstance(back, CameraBack)
    assert f"rtsp://***@127.0.0.1:{server.port}/" in lost.reason
    assert "wr0ng" not in err + json.dumps([body.model_dump(mode="json") for body in said(hub)])
    assert back.lost_for_ms >= 3000
    (birth, *_) = [status for status in hub.statuses if isinstance(status, Birth)]
    assert (birth.cameras[0].codec, birth.cameras[0].width) == ("h264", 128)
