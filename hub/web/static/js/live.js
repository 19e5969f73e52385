// Hears from the hub which alerts have changed, and has each put in its place.

import { refreshCard, refreshCounts, refreshList } from "./cards.js";
import { openAlertId, refreshDetail } from "./detail.js";
import { whenAtRest } from "./hands.js";
import { sayOwed } from "./phone.js";
import { showWaiting } from "./places.js";
import { _ } from "./words.js";

const AGAIN_MS = 5000;
const DOUBT_MS = 3000; // a line that is back sooner is not worth a word
const AWAY_MS = 30_000; // a page that nobody looked at for so long may have slept
const OWED_MS = 30_000; // what the hub could not write down a moment ago

let source = null;
let cursor = "";
let doubting = 0;
let leftAt = Infinity; // by the clock, which goes on in sleep
const waiting = new Set();

function showLine(isUp) {
  const element = document.getElementById("line-state");
  if (!element) {
    return;
  }
  element.hidden = false;
  element.classList.toggle("is-down", !isUp);
  element.textContent = isUp ? _("Live") : _("No line, trying again");
}

function lineUp() {
  clearTimeout(doubting);
  doubting = 0;
  showLine(true);
}

function lineDown() {
  doubting ||= setTimeout(() => showLine(false), DOUBT_MS);
}

function changed(alertId) {
  waiting.add(alertId);
  if (waiting.size === 1) {
    whenAtRest(flush);
  }
}

async function flush() {
  const ids = [...waiting];
  waiting.clear();
  for (const id of ids) {
    try {
      await Promise.all([refreshCard(id), openAlertId() === id ? refreshDetail() : null]);
    } catch {
      setTimeout(() => changed(id), AGAIN_MS); // the line broke in between
    }
  }
  await refreshCounts().catch(() => {}); // the next change brings them
}

const scopeOfList = () => document.getElementById("list")?.dataset.scope;

function open() {
  const scope = scopeOfList();
  const known = Object.entries({ cursor, scope }).filter(([, value]) => value);
  source = new EventSource(`/events?${new URLSearchParams(known)}`);
  source.addEventListener("open", () => {
    lineUp();
    sayOwed();
    refreshDetail().catch(() => {}); // what changed between the page and this line
  });
  source.addEventListener("change", (event) => {
    cursor = event.lastEventId || cursor;
    changed(JSON.parse(event.data).alert_id);
  });
  // No alert changes when a camera box falls silent: nothing else would tell.
  source.addEventListener("waiting", (event) => showWaiting(JSON.parse(event.data)));
  source.addEventListener("scope", () => whenAtRest(() => {
    refreshList().then(() => {
      if (scopeOfList() !== scope) { // or else each broken line would tell of this again
        source.close();
        open();
      }
    }).then(refreshCounts).catch(() => {});
    refreshDetail().catch(() => {});
  }));
  source.addEventListener("signed-out", () => {
    source.close();
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  });
  source.addEventListener("error", () => {
    lineDown();
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(reopen, AGAIN_MS);
    }
  });
}

async function reopen() {
  const answer = await fetch("/api/session").catch(() => null);
  if (answer?.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  } else if (source.readyState === EventSource.CLOSED) {
    open();
  }
}

// A phone that slept may take a dead line for a good one, and would say "Live" for ever.
function looked() {
  if (document.hidden) {
    leftAt = Date.now();
  } else if (Date.now() - leftAt > AWAY_MS) {
    source.close();
    open();
  }
}

export function startLive() {
  cursor = document.getElementById("list")?.dataset.cursor ?? "";
  open();
  setInterval(sayOwed, OWED_MS);
  document.addEventListener("visibilitychange", looked);
  // A page left while its stream hangs would keep one of the browser's few connections.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
