// Counts "2 minutes ago" on, by the hub's clock: a phone's own may be wrong. The same rule as
// Calendar.ago in hub/web/calendar.py. Removes offers, such as an undo, when their time is over: it
// begins when the page shows them, however long the page was on its way.

import { _, language } from "./words.js";

const root = document.documentElement;
const ahead = Number(root.dataset.nowMs) - Date.now();
const format = new Intl.RelativeTimeFormat(language, { numeric: "always" });
const units = [["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const shownSince = new Map(); // of each offer, by what it would take back
let nextEnd = 0;

export function ago(then) {
  const past = Math.max(0, Math.floor((Date.now() + ahead - then) / 1000));
  if (past < 5) {
    return _("just now");
  }
  const [unit, seconds] = units.find((pair) => past >= pair[1]);
  return format.format(-Math.floor(past / seconds), unit);
}

// A moment of this device's clock as the time of day in the town.
export function clock(then) {
  return new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: root.dataset.zone,
  }).format(then + ahead);
}

function isDark() {
  const hour = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", hourCycle: "h23", timeZone: root.dataset.zone,
  }).format(Date.now() + ahead);
  return Number(hour) >= 18 || Number(hour) < 6;
}

// An offer that comes anew with its part of the page is the same one.
function endOffers() {
  if (document.hidden) {
    return; // nobody has seen it yet
  }
  clearTimeout(nextEnd);
  for (const offer of document.querySelectorAll("[data-offer]")) {
    const { offer: what, offerS } = offer.dataset;
    const since = shownSince.get(what) ?? performance.now();
    shownSince.set(what, since);
    const leftMs = since + offerS * 1000 - performance.now();
    if (leftMs <= 0) {
      offer.remove();
    } else {
      nextEnd = setTimeout(endOffers, leftMs);
    }
  }
}

export function tick() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = ago(Date.parse(time.dateTime));
    if (time.textContent !== words) {
      time.textContent = words;
    }
  }
  endOffers();
  if (root.dataset.themeChoice === "auto") {
    root.dataset.theme = isDark() ? "dark" : "light";
  }
}

export function startClock() {
  tick();
  document.addEventListener("visibilitychange", endOffers);
  setInterval(tick, 5000);
}
