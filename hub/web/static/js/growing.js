// Plays a clip while it is recorded: its bytes are appended as they come (Media Source Extensions).
// Where that is not possible the video element takes the same answer as a plain stream.

const NAME = [0x61, 0x76, 0x63, 0x43]; // "avcC": the box that says what is needed to decode
const OTHER = [0x68, 0x76, 0x63, 0x43]; // "hvcC": H.265, which is not appended here

function codec(bytes) {
  for (let at = 0; at + 8 <= bytes.length; at += 1) {
    if (NAME.every((letter, offset) => bytes[at + offset] === letter)) {
      const profile = [...bytes.subarray(at + 5, at + 8)];
      return `avc1.${profile.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    }
  }
  return null;
}

function holds(bytes, name) {
  return bytes.some((_, at) => name.every((letter, offset) => bytes[at + offset] === letter));
}

function joined(first, second) {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function append(buffer, bytes) {
  return new Promise((done, failed) => {
    buffer.addEventListener("updateend", done, { once: true });
    buffer.addEventListener("error", failed, { once: true });
    buffer.appendBuffer(bytes);
  });
}

async function feed(film, source, address, whenOver) {
  const answer = await fetch(address);
  const place = new URL(answer.url);
  if (!answer.ok && !film.dataset.growing) { // what was awaited did not come
    film.pause();
    whenOver();
    return;
  }
  if (!answer.ok || !place.pathname.endsWith("/growing")) { // it is whole meanwhile, or gone
    answer.body?.cancel(); // or the line would carry it twice
    film.src = answer.ok ? answer.url : address;
    return;
  }
  film.dataset.began ??= place.searchParams.get("began");
  const reader = answer.body.getReader();
  let buffer = null;
  let held = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || source.readyState !== "open") {
      break;
    }
    held = joined(held, value);
    const name = buffer ? null : codec(held);
    if (!name && !buffer && holds(held, OTHER)) {
      await reader.cancel();
      film.src = answer.url;
      return;
    }
    if (name) {
      buffer = source.addSourceBuffer(`video/mp4; codecs="${name}"`);
    }
    if (buffer) {
      await append(buffer, held);
      held = new Uint8Array(0);
    }
  }
  if (source.readyState === "open") {
    source.endOfStream();
  }
  whenOver();
}

export function startGrowing(whenOver) {
  for (const film of document.querySelectorAll("video[data-growing]:not([data-fed])")) {
    film.dataset.fed = "";
    const address = new URL(film.src).pathname;
    const mayBeH264 = ["h264", ""].includes(film.dataset.growing); // "": awaited, not yet known
    if (!mayBeH264 || !window.MediaSource?.isTypeSupported('video/mp4; codecs="avc1.42e01e"')) {
      continue;
    }
    const source = new MediaSource();
    source.addEventListener("sourceopen", () => {
      feed(film, source, address, whenOver).catch(() => { film.src = address; });
    }, { once: true });
    film.src = URL.createObjectURL(source);
  }
}
