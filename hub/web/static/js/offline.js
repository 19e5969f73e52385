// The page without a line: the inbox as the phone last had it, and "I have it" for later.

import { _, language } from "./words.js";

const AGAIN_MS = 3000;
const PAGE = 24;

const root = document.documentElement;
const timeZone = root.dataset.zone;
const place = language === "en" ? "en-GB" : language; // dd/mm/yyyy and 24 hours in both
const clock = new Intl.DateTimeFormat(place, { dateStyle: "short", timeStyle: "medium", timeZone });

// The page was kept at some hour; it is read at another.
function turnToTheHour() {
  const hour = Number(new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", hourCycle: "h23", timeZone,
  }).format());
  if (root.dataset.themeChoice === "auto") {
    root.dataset.theme = hour >= 18 || hour < 6 ? "dark" : "light";
  }
}

async function worker() {
  return (await navigator.serviceWorker.ready).active;
}

async function ask(question) {
  const line = new MessageChannel();
  const told = new Promise((done) => { line.port1.onmessage = (event) => done(event.data); });
  (await worker()).postMessage(question, [line.port2]);
  return told;
}

function element(name, classes, text) {
  const made = document.createElement(name);
  made.className = classes;
  made.textContent = text ?? "";
  return made;
}

function card(row) {
  const made = element("article", `block kept is-${row.state}`);
  made.dataset.alert = row.id;
  const status = element("p", "");
  status.append(element("span", `status is-${row.token}`, row.status));
  made.append(
    status,
    element("h2", "", row.place),
    element("p", "soft", [clock.format(row.began_ms), row.what].join(" · ")),
  );
  if (row.isTaking) {
    made.append(element("p", "kept-waits", _("You have it: sent as soon as there is a line.")));
  } else if (row.state === "open" && !row.words_only) {
    const button = element("button", "button is-main", _("Acknowledge"));
    button.addEventListener("click", async () => {
      button.disabled = true;
      const { isSent } = await ask({ take: row.id });
      if (isSent) {
        location.reload();
      } else {
        await show();
      }
    });
    made.append(button);
  }
  return made;
}

function isRunning(row) {
  return row.state === "open" || row.state === "taken";
}

// The alert that was asked for comes first, then what runs, then the newest.
function order(one, other) {
  const asked = location.pathname.split("/")[2];
  return (other.id === asked) - (one.id === asked)
    || isRunning(other) - isRunning(one)
    || other.raised_ms - one.raised_ms;
}

async function show() {
  const { rows, syncedMs } = await ask({ inbox: true });
  if (syncedMs === null) {
    return;
  }
  document.getElementById("kept-since").textContent =
    _("This is how it stood at %(time)s:", { time: clock.format(syncedMs) });
  showFirst(rows.sort(order), PAGE);
}

// Not hundreds at once on a slow phone.
function showFirst(rows, most) {
  const shown = rows.slice(0, most).map(card);
  if (rows.length > most) {
    const more = element("button", "button is-calm", _("Show more"));
    more.addEventListener("click", () => showFirst(rows, most + PAGE));
    shown.push(more);
  }
  document.getElementById("kept").replaceChildren(...shown);
}

// A browser says that it has a line when it has any; whether the hub is there, only asking tells.
async function tryAgain() {
  const answer = await fetch("/health", { cache: "no-store" }).catch(() => null);
  if (answer?.ok) {
    (await worker()).postMessage({ again: true });
    location.reload();
  }
}

addEventListener("online", tryAgain);
setInterval(tryAgain, AGAIN_MS);
turnToTheHour();
show();
