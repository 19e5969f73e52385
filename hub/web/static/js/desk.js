// The duty desk: list left, alert right, and everything by keys.

import { openAlertId, refreshDetail, rememberDetail, takeAnswer } from "./detail.js";
import { toast } from "./heard.js";
import { takeLater } from "./phone.js";
import { tick } from "./time.js";
import { _ } from "./words.js";

const wide = matchMedia("(min-width: 1000px)");
const SURE_MS = 3000;
const CONFLICT = 409;

let asked = { id: null, at: -Infinity }; // the first of two presses of "f"
let shownPath = location.pathname;
let wanted = ""; // the address of the alert that was opened last on the right

function choose(alertId) {
  for (const card of document.querySelectorAll("#list .card")) {
    card.classList.toggle("is-chosen", card.dataset.alert === alertId);
  }
}

async function openRight(path) {
  wanted = path;
  const answer = await fetch(path, { headers: { Accept: "text/html" } });
  const page = await answer.text();
  if (wanted !== path) {
    return; // another was opened meanwhile
  }
  if (answer.redirected || answer.status === 403) {
    location.assign(path); // signed out, or the right to it has ended
  } else if (answer.ok) {
    window.htmx.swap("#detail", page, { swapStyle: "outerHTML" }, { select: "#detail" });
    if (location.pathname !== path) {
      history.pushState({}, "", path);
      shownPath = path;
    }
  } else {
    failed();
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
  const id = openAlertId();
  const isSure = asked.id === id && performance.now() - asked.at < SURE_MS;
  asked = { id: isSure ? null : id, at: performance.now() };
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
  if (event.repeat && !"jk".includes(event.key)) {
    return; // a key that is held down is one press
  }
  event.preventDefault();
  KEYS[event.key]();
}

function clicked(event) {
  const link = event.target.closest(".card-link");
  const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.button);
  if (link && isPlain && wide.matches && window.htmx) {
    event.preventDefault();
    const path = new URL(link.href).pathname;
    openRight(path).catch(() => wanted === path && location.assign(path));
  }
}

function failed() {
  toast(_("That did not reach the hub. Try again."));
}

// "I have it" waits in the phone for the line; whatever else did not arrive, its person repeats.
async function unsent(path) {
  const [, alertId] = path.match(/^\/alerts\/([^/]+)\/take$/) ?? [];
  const isSent = alertId ? await takeLater(alertId) : null;
  if (isSent === null) {
    failed();
  } else if (isSent) {
    await refreshDetail();
  } else {
    toast(_("No line: it is sent as soon as there is one."));
  }
}

// That an act came to nothing is said also if its alert has left the screen.
function refused(path, text) {
  if (wanted && !path.startsWith(`${wanted}/`)) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const said = [page.querySelector("#detail h1"), page.querySelector("#detail [role=alert]")];
    toast(said.map((part) => part?.textContent.trim()).join(": "));
  }
}

// Heard at the request itself: when it is answered, its form may be gone from the page.
function sent({ detail: { pathInfo, xhr } }) {
  const path = pathInfo.requestPath;
  xhr.addEventListener("load", () => {
    if (xhr.status === CONFLICT) {
      refused(path, xhr.responseText);
    } else if (xhr.status >= 400) {
      failed();
    }
  });
  for (const trouble of ["error", "timeout"]) {
    xhr.addEventListener(trouble, () => { unsent(path).catch(failed); });
  }
}

function answered({ detail: answer }) {
  const { target, shouldSwap, serverResponse, requestConfig } = answer;
  if (shouldSwap && target.id === "detail" && takeAnswer(serverResponse, requestConfig.elt)) {
    answer.shouldSwap = false; // it is in its place
  }
}

export function startDesk() {
  rememberFilter();
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", clicked);
  // A link to a place within the page, such as its content, is told of in the same way.
  addEventListener("popstate", () => shownPath !== location.pathname && location.reload());
  document.addEventListener("htmx:beforeSend", sent);
  document.addEventListener("htmx:beforeSwap", answered);
  document.addEventListener("htmx:afterSettle", () => {
    rememberDetail();
    choose(openAlertId());
    tick();
  });
  choose(openAlertId());
}
