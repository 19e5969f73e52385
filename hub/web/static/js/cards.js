// The list of alerts: puts one changed card in its place and leaves all others where they are. A
// new alert that the filter, the tab or the groups of this page leave out is announced with a count.

import { hear } from "./heard.js";
import { showWaiting } from "./places.js";
import { tick } from "./time.js";
import { _ } from "./words.js";

const SCROLLED_PX = 40;
const LATE_US = 10_000_000; // an alert may be raised before the page was read, and stored after it

let unseen = 0; // above what the reader has scrolled to
const hidden = new Set(); // new alerts that this page leaves out
const said = new Set(); // those that were announced, so that each is once
const revisions = new Map(); // of each alert that came, so that an answer overtaken by the next is left

function list() {
  return document.querySelector("#list[data-query]");
}

function cards() {
  return document.getElementById("open-cards") ?? document.getElementById("handled-cards");
}

// What the reader may read and not see has a place of its own, before the pages of the others.
function home(card) {
  return "wordsOnly" in card.dataset ? document.getElementById("words-cards") : cards();
}

function scroller() {
  const pane = document.getElementById("list");
  const isOwn = pane && getComputedStyle(pane).overflowY === "auto";
  return isOwn ? pane : document.scrollingElement;
}

function isRunning(card) {
  return card.dataset.state === "open" || card.dataset.state === "taken";
}

async function fetchPart(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (answer.status >= 500) {
    throw new Error(`${address}: ${answer.status}`);
  }
  const holder = document.createElement("template");
  holder.innerHTML = answer.ok ? await answer.text() : "";
  return { status: answer.status, part: holder.content };
}

export async function refreshCard(alertId) {
  if (!list()) {
    return;
  }
  const { status, part } = await fetchPart(`/alerts/${alertId}/card${list().dataset.query}`);
  if (status === 404) {
    remove(document.getElementById(`card-${alertId}`));
  }
  const card = part.querySelector(".card");
  if (card && +card.dataset.revision >= (revisions.get(alertId) ?? 0)) {
    revisions.set(alertId, +card.dataset.revision);
    place(card);
  }
}

// The list anew, as the hub has it: what the reader may see no longer leaves the page.
export async function refreshList() {
  if (!list()) {
    return;
  }
  const { part } = await fetchPart(`/list${list().dataset.query}`);
  const fresh = part.querySelector("#list");
  if (fresh) {
    const chosen = document.querySelector("#list .card.is-chosen")?.id;
    const focused = keepEntered(fresh);
    keepPlace(() => list().replaceWith(fresh));
    focused?.focus({ preventScroll: true });
    document.getElementById(chosen)?.classList.add("is-chosen");
    tick();
  }
}

// What is ticked and written to end many at once; the field where somebody writes.
function keepEntered(fresh) {
  let focused = null;
  for (const old of document.querySelectorAll("#bulk [type=hidden][name=alert], #bulk :checked[name=alert]")) {
    keepChosen(fresh, old.value);
  }
  for (const field of fresh.querySelectorAll("#bulk [name=note], #bulk [name=cause]")) {
    const old = document.querySelector(`#bulk [name=${field.name}]`);
    field.value = old?.value ?? field.value;
    focused = old && old === document.activeElement ? field : focused;
  }
  return focused;
}

// Of an alert that is on a page which is not here, a field alone is kept.
function keepChosen(fresh, alertId) {
  const box = fresh.querySelector(`#card-${alertId} [name=alert]`);
  if (box) {
    box.checked = true;
  } else {
    const field = document.createElement("input");
    Object.assign(field, { type: "hidden", name: "alert", value: alertId });
    fresh.querySelector("#bulk")?.append(field);
  }
}

// Also on the page of an alert without a list: there the navigation has a number.
export async function refreshCounts() {
  const answer = await fetch(`/list/counts${list()?.dataset.query ?? ""}`);
  if (!answer.ok) {
    return;
  }
  const { waiting, ...counts } = await answer.json();
  showWaiting(waiting);
  if (list()) {
    showCounts(counts);
    await refreshGroups();
  }
}

function showCounts(counts) {
  if (location.pathname === "/") {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = counts.running ? `(${counts.running}) ${bare}` : bare;
  }
  for (const [name, number] of Object.entries(counts)) {
    for (const shown of document.querySelectorAll(`[data-count="${name}"]`)) {
      shown.textContent = number;
    }
  }
  document.getElementById("nothing-open").hidden = counts.found > 0;
}

async function refreshGroups() {
  const old = document.getElementById("groups");
  if (old) {
    const { part } = await fetchPart(`/list${list().dataset.query}`);
    const fresh = part.querySelector("#groups");
    if (fresh && fresh.innerHTML !== old.innerHTML) {
      keepPlace(() => old.replaceWith(fresh));
      tick();
    }
  }
}

function place(card) {
  const old = document.getElementById(card.id);
  if (isRunning(card) === (list().dataset.tab === "handled")) {
    leave(card, old);
  } else if (!old && !belongs(card)) {
    leaveOut(card);
  } else {
    put(card, old);
  }
}

// Whoever looks at the other tab hears of it; here the card goes.
function leave(card, old) {
  if (old) {
    remove(old);
    say(card, false);
  } else if (isRunning(card)) {
    leaveOut(card);
  }
  if (!isRunning(card)) {
    hidden.delete(card.dataset.alert);
    showPill();
  }
}

// Off the page; the keyboard goes on at the next card.
function remove(old) {
  const next = old?.contains(document.activeElement)
    && (old.nextElementSibling ?? old.previousElementSibling);
  keepPlace(() => old?.remove());
  if (next) {
    next.querySelector("a").focus({ preventScroll: true });
  }
}

// A further page, which is not here yet, has its own cards.
function belongs(card) {
  if ("wordsOnly" in card.dataset) {
    return card.dataset.fits === "1" && home(card) !== null;
  }
  const last = document.getElementById("more") && cards().lastElementChild;
  const { group, strict } = list().dataset;
  const isSingle = !group || (card.dataset.critical === "1" && !strict);
  return card.dataset.fits === "1" && isSingle && (!last || isBefore(card, last));
}

function leaveOut(card) {
  const { alert, raised, state, fits } = card.dataset;
  const isOnLaterPage = fits === "1" && document.getElementById("more");
  const since = +list().dataset.read - (isOnLaterPage ? 0 : LATE_US);
  const isNew = +raised > since && state === "open";
  if (isNew && !said.has(alert)) {
    said.add(alert);
    say(card, true);
    if (!list().dataset.group || fits !== "1") { // else its group is counted anew
      hidden.add(alert);
    }
  } else if (state !== "open") {
    hidden.delete(alert);
  }
  showPill();
}

function put(card, old) {
  const hadFocus = old?.contains(document.activeElement);
  card.classList.toggle("is-chosen", Boolean(old?.classList.contains("is-chosen")));
  keepTick(card, old);
  if (old && old.dataset.critical === card.dataset.critical && old.parentElement === home(card)) {
    old.replaceWith(card);
  } else {
    keepPlace(() => {
      old?.remove();
      home(card)?.insertBefore(card, firstAfter(card));
    });
    if (!old && isRunning(card)) {
      welcome(card);
    }
  }
  if (hadFocus) {
    card.querySelector("a").focus({ preventScroll: true });
  }
  say(card, !old && isRunning(card));
  tick();
}

function keepTick(card, old) {
  const ticked = old?.querySelector("input[name=alert]")?.checked;
  const box = card.querySelector("input[name=alert]");
  if (ticked && box) {
    box.checked = true;
  }
}

// Critical ones first, then the newest; of the handled ones, the last change is the newest.
function isBefore(card, other) {
  const critical = card.dataset.critical - other.dataset.critical;
  return critical ? critical > 0 : +card.dataset.raised > +other.dataset.raised;
}

function firstAfter(card) {
  const all = [...home(card).children];
  const isHandled = list().dataset.tab === "handled";
  return (isHandled ? all[0] : all.find((other) => isBefore(card, other))) ?? null;
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
  const n = unseen + hidden.size;
  pill.hidden = n === 0;
  if (hidden.size > 0) {
    pill.textContent = n === 1
      ? _("1 new alert outside this list")
      : _("%(n)d new alerts, some outside this list", { n });
  } else {
    pill.textContent = n === 1 ? _("1 new alert") : _("%(n)d new alerts", { n });
  }
}

// Chosen among all while it was on another page.
function chooseAgain(card) {
  const box = card.querySelector("[name=alert]");
  const field = document.querySelector(`#bulk [type=hidden][value="${card.dataset.alert}"]`);
  field?.remove();
  if (box) {
    box.checked = Boolean(field);
  }
}

async function showMore(link) {
  const { part } = await fetchPart(link.href.replace(/^[^?]*/, "/list"));
  const more = part.querySelector("#more");
  for (const card of part.querySelectorAll("#list .card")) {
    if (!document.getElementById(card.id)) {
      chooseAgain(card);
      cards().append(card);
    }
  }
  const old = document.getElementById("more"); // not there: a second tap, answered later
  if (more) {
    old?.replaceWith(more);
  } else if (part.querySelector("#list")) {
    old?.remove();
  } else {
    location.assign(link.href);
  }
  tick();
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
  pill.addEventListener("click", () => {
    if (hidden.size > 0) {
      location.assign("/");
    } else {
      scroller().scrollTo({ top: 0 });
    }
  });
  addEventListener("scroll", forget, { capture: true, passive: true });
}

export function watchList() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-more]");
    if (link && list()) {
      event.preventDefault();
      showMore(link).catch(() => location.assign(link.href));
    }
  });
}
