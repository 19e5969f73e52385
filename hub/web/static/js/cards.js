// The list of alerts: puts one changed card in its place and leaves all others where they are.

import { hear } from "./heard.js";
import { tick } from "./time.js";
import { _ } from "./words.js";

const SCROLLED_PX = 40;

let unseen = 0;

function scroller() {
  const list = document.getElementById("list");
  const isOwn = list && getComputedStyle(list).overflowY === "auto";
  return isOwn ? list : document.scrollingElement;
}

function isRunning(card) {
  return card.dataset.state === "open" || card.dataset.state === "taken";
}

export async function refreshCard(alertId) {
  if (!document.getElementById("open-cards")) {
    return;
  }
  const answer = await fetch(`/alerts/${alertId}/card`, { headers: { Accept: "text/html" } });
  if (answer.status === 404) {
    keepPlace(() => document.getElementById(`card-${alertId}`)?.remove());
  } else if (answer.ok) {
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    place(holder.content.querySelector(".card"));
  }
  count();
}

// What the reader may see no longer leaves the page, as it would with a new one.
export async function dropUnseen() {
  const before = [...document.querySelectorAll("#list .card")];
  if (before.length === 0) {
    return;
  }
  const answer = await fetch("/api/inbox");
  if (answer.ok) {
    const seen = new Set((await answer.json()).alerts);
    const gone = before.filter((card) => !seen.has(card.dataset.alert));
    keepPlace(() => gone.forEach((card) => card.remove()));
    count();
  }
}

function place(card) {
  const old = document.getElementById(card.id);
  const home = document.getElementById(isRunning(card) ? "open-cards" : "handled-cards");
  const hadFocus = old?.contains(document.activeElement);
  card.classList.toggle("is-chosen", Boolean(old?.classList.contains("is-chosen")));
  if (old && old.parentElement === home) {
    old.replaceWith(card);
  } else {
    keepPlace(() => {
      old?.remove();
      home.insertBefore(card, isRunning(card) ? firstOlder(home, card) : home.firstChild);
    });
    if (!old && isRunning(card)) {
      welcome(card);
    }
  }
  if (hadFocus) {
    card.querySelector("a").focus({ preventScroll: true });
  }
  say(card, !old);
  tick();
}

function firstOlder(home, card) {
  return [...home.children].find((other) => +other.dataset.raised < +card.dataset.raised) ?? null;
}

function say(card, isNew) {
  const status = card.querySelector(".status").textContent.trim();
  const where = card.querySelector(".card-place").textContent.trim();
  hear(isNew ? [_("New alert"), where].join(": ") : [where, status].join(": "));
}

function welcome(card) {
  card.classList.add("is-new");
  if (scroller().scrollTop > SCROLLED_PX) {
    unseen += 1;
    showPill();
  }
}

// Whoever has scrolled down keeps under the finger what is under the finger.
function keepPlace(change) {
  const pane = scroller();
  const anchor = pane.scrollTop > SCROLLED_PX && [...document.querySelectorAll("#list .card")].find(
    (card) => card.getBoundingClientRect().bottom > 56,
  );
  const before = anchor ? anchor.getBoundingClientRect().top : 0;
  change();
  if (anchor && anchor.isConnected) {
    pane.scrollTop += anchor.getBoundingClientRect().top - before;
  }
}

function showPill() {
  const pill = document.getElementById("new-pill");
  pill.hidden = unseen === 0;
  pill.textContent = unseen === 1 ? _("1 new alert") : _("%(n)d new alerts", { n: unseen });
}

function count() {
  const open = document.getElementById("open-cards").children.length;
  document.getElementById("nothing-open").hidden = open > 0;
  document.getElementById("handled").hidden =
    document.getElementById("handled-cards").children.length === 0;
  if (location.pathname === "/") {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = open ? `(${open}) ${bare}` : bare;
  }
}

export function watchPill() {
  const pill = document.getElementById("new-pill");
  if (!pill) {
    return;
  }
  const forget = () => {
    if (unseen && scroller().scrollTop <= SCROLLED_PX) {
      unseen = 0;
      showPill();
    }
  };
  pill.addEventListener("click", () => scroller().scrollTo({ top: 0 }));
  addEventListener("scroll", forget, { capture: true, passive: true });
}
