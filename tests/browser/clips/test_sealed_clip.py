"""A sealed clip in a stock Chromium: the player skips the seal, in the whole file or in ranges."""

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from agent.wire.sealed import stretches
from tests.agent.rigs.sealing import office, write_clip
from tests.agent.rigs.stage import read

WHOLE = """async ([data, codec]) => {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const film = document.createElement("video");
    film.muted = true;
    film.src = URL.createObjectURL(new Blob([bytes], {type: "video/mp4"}));
    await film.play();
    film.currentTime = 4;
    await new Promise(done => film.ontimeupdate = () => film.currentTime > 4.5 && done());
    return [film.videoWidth, film.duration, film.error?.message ?? ""];
}"""
PIECES = """async ([data, codec]) => {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const source = new MediaSource(), film = document.createElement("video");
    film.muted = true;
    film.src = URL.createObjectURL(source);
    await new Promise(done => source.onsourceopen = done);
    const buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
    for (let at = 0; at < bytes.length; at += 10000) {
        buffer.appendBuffer(bytes.slice(at, at + 10000));
        await new Promise(done => buffer.onupdateend = done);
    }
    source.endOfStream();
    await film.play();
    film.currentTime = 4;
    await new Promise(done => film.ontimeupdate = () => film.currentTime > 4.5 && done());
    return [film.videoWidth, film.duration, film.error?.message ?? ""];
}"""


@pytest.mark.promise("Seal and footage store: A sealed clip plays in Chromium and ffmpeg.")
@pytest.mark.parametrize("way", [WHOLE, PIECES], ids=["whole", "pieces"])
def test_a_sealed_clip_plays_and_seeks(
    chromium: Browser, clip: bytes, tmp_path: Path, way: str
) -> None:
    (tmp_path / "street.mp4").write_bytes(clip)
    street = read(tmp_path / "street.mp4")
    sealer = office(tmp_path / "ca").sealer()
    closed = write_clip(tmp_path / "clip.mp4", street, sealer, frames=len(street[1])).close()
    sealed = closed.path.read_bytes()
    assert len(stretches(sealed)) > 5
    profile = sealed[sealed.index(b"avcC") + 5 :][:3].hex()
    page = chromium.new_page()
    page.goto("about:blank")
    words = [base64.b64encode(sealed).decode(), f"avc1.{profile}"]
    width, length_s, error = page.evaluate(way, words)
    page.close()
    assert (width, error) == (768, "")
    assert length_s == pytest.approx(14, abs=0.2)
