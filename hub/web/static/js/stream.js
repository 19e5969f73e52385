// The stream on which the hub tells an open page what is new; every page listens through this. It
// beats: without a beat it is dead, however long the browser takes it for open.

import { clock } from "./time.js";
import { _ } from "./words.js";

const AGAIN_MS = 5000;
const DOUBT_MS = 3000; // a line that is back sooner is not worth a word
const SILENT_MS = 25_000; // the hub beats at least every 15 s (keepalive_s of hub/web/rendering.py)

function showLine(isUp, text) {
  const element = document.getElementById("line-state");
  if (!element) {
    return;
  }
  element.hidden = false;
  element.classList.toggle("is-down", !isUp);
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

// `address` gives where to listen, `hears` what each event does; `opened` is called at each
// connection, `show` with the state of the line. Returns what listens anew and what ends it.
export function listen({ address, hears = {}, opened = () => {}, show = showLine }) {
  let source = null;
  let heardAt = Date.now(); // by the clock, which goes on while a phone sleeps; the page is news too
  let doubting = 0;
  let watching = 0;

  function sayDown() {
    show(false, _("Connection lost, last news at %(time)s", { time: clock(heardAt) }));
  }

  function watch() {
    clearTimeout(watching);
    watching = setTimeout(askAgain, SILENT_MS);
  }

  function news() {
    heardAt = Date.now();
    clearTimeout(doubting);
    doubting = 0;
    show(true, _("Live"));
    watch();
  }

  function toSignIn() {
    close();
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  }

  function open() {
    source?.close();
    const mine = new EventSource(address());
    const on = (name, act) => mine.addEventListener(name, (event) => {
      if (mine === source) { // what an abandoned one still says is late
        act(event);
      }
    });
    source = mine;
    on("open", () => { news(); opened(); });
    on("beat", news);
    on("signed-out", toSignIn);
    for (const [name, act] of Object.entries(hears)) {
      on(name, (event) => { news(); act(event); });
    }
    on("error", () => {
      doubting ||= setTimeout(sayDown, DOUBT_MS);
      if (mine.readyState === EventSource.CLOSED) { // the browser itself tries no more
        setTimeout(() => mine === source && reopen(), AGAIN_MS);
      }
    });
    watch();
  }

  async function reopen() {
    const before = source;
    const answer = await fetch("/api/session").catch(() => null);
    if (answer?.status === 401) {
      toSignIn();
    } else if (before === source) {
      open();
    }
  }

  function askAgain() {
    sayDown();
    open();
  }

  // Timers stand still while a phone or a hidden page sleeps.
  function looked() {
    if (source && !document.hidden && Date.now() - heardAt > SILENT_MS) {
      askAgain();
    }
  }

  function close() {
    source?.close();
    source = null;
    clearTimeout(doubting);
    clearTimeout(watching);
  }

  document.addEventListener("visibilitychange", looked);
  addEventListener("online", looked);
  addEventListener("focus", looked);
  // A page left while its stream hangs would keep one of the browser's few connections.
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  open();
  return { open, close };
}
