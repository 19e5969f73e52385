// Hears from the hub which alerts have changed, and has each put in its place.

import { refreshCard, refreshCounts, refreshList } from "./cards.js";
import { openAlertId, refreshDetail } from "./detail.js";
import { whenAtRest } from "./hands.js";
import { sayOwed } from "./phone.js";
import { showWaiting } from "./places.js";
import { listen } from "./stream.js";

const AGAIN_MS = 5000;
const OWED_MS = 30_000; // what the hub could not write down a moment ago

let stream = null;
let cursor = "";
const waiting = new Set();

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

function address() {
  const known = Object.entries({ cursor, scope: scopeOfList() }).filter(([, value]) => value);
  return `/events?${new URLSearchParams(known)}`;
}

async function refreshAll() {
  const before = scopeOfList();
  await refreshList();
  if (scopeOfList() !== before) { // or else each broken line would tell of this again
    stream.open();
  }
  await refreshCounts();
}

export function startLive() {
  cursor = document.getElementById("list")?.dataset.cursor ?? "";
  stream = listen({
    address,
    opened: () => {
      sayOwed();
      refreshDetail().catch(() => {}); // what changed between the page and this line
    },
    hears: {
      change: (event) => {
        cursor = event.lastEventId || cursor;
        changed(JSON.parse(event.data).alert_id);
      },
      // No alert changes when a camera box falls silent: nothing else would tell.
      waiting: (event) => showWaiting(JSON.parse(event.data)),
      scope: () => whenAtRest(() => {
        refreshAll().catch(() => {});
        refreshDetail().catch(() => {});
      }),
    },
  });
  setInterval(sayOwed, OWED_MS);
}
