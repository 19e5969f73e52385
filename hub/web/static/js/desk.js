// The duty desk: list left, alert right, and everything by keys.

import { openAlertId, refreshDetail, rememberDetail } from "./detail.js";
import { toast } from "./heard.js";
import { takeLater } from "./phone.js";
import { tick } from "./time.js";
import { _ } from "./words.js";

const wide = matchMedia("(min-width: 1000px)");
const SURE_MS = 3000;

let askedAt = -Infinity;
let wanted = ""; // the address of the alert that was opened last on the right

function choose(alertId) {
  for (const card of document.querySelectorAll("#list .card")) {
    card.classList.toggle("is-chosen", card.dataset.alert === alertId);
  }
}

async function openRight(link) {
  const path = new URL(link.href).pathname;
  wanted = path;
  await window.htmx.ajax("GET", path, { target: "#detail", select: "#detail", swap: "outerHTML" });
  if (wanted === path && location.pathname !== path) {
    history.pushState({}, "", path);
  }
}

// An answer about the alert before must not take the place of the one that was opened meanwhile.
function dropLate(event) {
  const path = event.detail.pathInfo?.requestPath ?? "";
  if (wanted && path.startsWith("/alerts/") && !`${path}/`.startsWith(`${wanted}/`)) {
    event.detail.shouldSwap = false;
  }
}

// The filter that this window had last: an alert leads back to it.
function lastFilter() {
  return sessionStorage.getItem("inbox") ?? "";
}

function rememberFilter() {
  if (location.pathname === "/") {
    const asked = new URLSearchParams(location.search);
    ["select", "bulk", "after"].forEach((name) => asked.delete(name));
    sessionStorage.setItem("inbox", asked.size ? `?${asked}` : "");
  } else {
    document.querySelector("a.bar-back[href='/']")?.setAttribute("href", `/${lastFilter()}`);
  }
}

// An alert opened by its own address brings no list: phones do not show it.
export async function fetchList() {
  const empty = document.querySelector("#list[data-wanted]");
  if (!empty || !wide.matches) {
    return;
  }
  const answer = await fetch(`/list${lastFilter()}`, { headers: { Accept: "text/html" } });
  if (answer.ok) {
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    empty.replaceWith(holder.content.querySelector("#list"));
    choose(openAlertId());
    tick();
  }
}

function step(by) {
  const links = [...document.querySelectorAll("#list .card-link")];
  if (links.length === 0) {
    return;
  }
  const here = links.indexOf(document.activeElement);
  const chosen = links.findIndex((link) => link.closest(".is-chosen"));
  const from = here >= 0 ? here : chosen;
  const next = from < 0 ? 0 : Math.min(Math.max(from + by, 0), links.length - 1);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
}

function act(name) {
  document.querySelector(`#detail [data-act="${name}"]`)?.click();
}

// A false alarm closes the alert for everybody: one slip of a finger must not.
function actFalse() {
  const isSure = performance.now() - askedAt < SURE_MS;
  askedAt = isSure ? -Infinity : performance.now();
  if (isSure) {
    act("false");
  } else if (document.querySelector('#detail [data-act="false"]')) {
    toast(_("Press f once more to call it a false alarm"));
  }
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => act("take"),
  f: actFalse,
  "?": () => document.getElementById("keys-help")?.showModal(),
};

function pressed(event) {
  const isTyping = event.target.closest("input, textarea, select, dialog[open], video");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) {
    return;
  }
  event.preventDefault();
  KEYS[event.key]();
}

function clicked(event) {
  const link = event.target.closest(".card-link");
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link && isPlain && wide.matches && window.htmx) {
    event.preventDefault();
    openRight(link).catch(() => location.assign(link.href));
  }
}

function failed() {
  toast(_("That did not reach the hub. Try again."));
}

// "I have it" waits in the phone for the line; whatever else did not arrive, its person repeats.
async function unsent(event) {
  const [, alertId] = event.detail.pathInfo?.requestPath?.match(/^\/alerts\/([^/]+)\/take$/) ?? [];
  const isSent = alertId ? await takeLater(alertId) : null;
  if (isSent === null) {
    failed();
  } else if (isSent) {
    await refreshDetail();
  } else {
    toast(_("No line: it is sent as soon as there is one."));
  }
}

export function startDesk() {
  rememberFilter();
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", clicked);
  addEventListener("popstate", () => location.reload());
  document.addEventListener("htmx:beforeSwap", dropLate);
  document.addEventListener("htmx:afterSettle", () => {
    rememberDetail();
    choose(openAlertId());
    tick();
  });
  for (const trouble of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(trouble, (event) => { unsent(event).catch(failed); });
  }
  document.addEventListener("htmx:responseError", failed);
  choose(openAlertId());
}
