// The search of everything: results while one types, and the whole of it by keys.

import { hear } from "./heard.js";
import { _ } from "./words.js";

const PAUSE_MS = 250;
const LEAST_CHARS = 2;

const input = document.getElementById("search");
const found = document.getElementById("search-found");

let pausing = 0;
let asking = null;
let shown = ""; // the text that the results belong to

const links = () => [...found.querySelectorAll("a")];
const isOverlay = () => found.classList.contains("is-over");

function close() {
  asking?.abort();
  clearTimeout(pausing);
  if (isOverlay()) {
    found.hidden = true;
  }
  shown = "";
}

async function ask() {
  const text = input.value.trim();
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const answer = await fetch(`/search/found?q=${encodeURIComponent(text)}`, {
    signal, headers: { Accept: "text/html" },
  });
  if (!answer.ok || signal.aborted) {
    return;
  }
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  if (signal.aborted) {
    return;
  }
  found.replaceChildren(holder.content);
  found.hidden = false;
  shown = text;
  const n = links().length;
  hear(n ? _("%(n)d results", { n }) : found.textContent.trim());
}

function typed() {
  clearTimeout(pausing);
  if (input.value.trim().length < LEAST_CHARS) {
    close();
    found.replaceChildren();
    return;
  }
  pausing = setTimeout(() => ask().catch(() => {}), PAUSE_MS); // no line: the form still works
}

function step(by) {
  const all = links();
  const here = all.indexOf(document.activeElement);
  const next = all[here + by];
  if (here + by < 0) {
    input.focus();
  } else if (next) {
    next.focus();
  }
}

function pressedInside(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!found.hidden && links().length) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    }
  } else if (event.key === "Escape" && isOverlay()) {
    input.focus();
    close();
  } else if (event.key === "Enter" && event.target === input && shown === input.value.trim()) {
    const [first] = found.hidden ? [] : links();
    if (first) {
      event.preventDefault();
      location.assign(first.href);
    }
  }
}

function pressed(event) {
  const isTyping = event.target.closest("input, textarea, select, dialog[open], video");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  event.preventDefault();
  input.focus();
  input.select();
}

export function startSearch() {
  const area = input.closest("form");
  input.setAttribute("aria-keyshortcuts", "/");
  const isInside = (event) => area.contains(event.target) || found.contains(event.target);
  input.addEventListener("input", typed);
  document.addEventListener("keydown", (event) => {
    (isInside(event) ? pressedInside : pressed)(event);
  });
  for (const name of ["focusin", "click"]) {
    document.addEventListener(name, (event) => isInside(event) || close());
  }
  if (document.activeElement === input && input.value !== input.defaultValue) {
    typed(); // on a slow line a person types before this script is there
  }
}
