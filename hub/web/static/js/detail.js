// The alert that is open: replaces only the parts of it that have changed.

import { startGrowing } from "./growing.js";
import { whenAtRest } from "./hands.js";
import { tick } from "./time.js";

const LATEST_MS = 10_000;
let shown = new Map();
let isHeldBack = false; // a part is not as the hub has it, because somebody is busy there

function detail() {
  return document.querySelector("#detail[data-alert]");
}

export function openAlertId() {
  return detail()?.dataset.alert ?? null;
}

function parts(root) {
  return new Map([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
}

// What the server said, without what merely counts on by itself.
function print(part) {
  const copy = part.cloneNode(true);
  for (const time of copy.querySelectorAll("[data-ago]")) {
    time.textContent = "";
  }
  return copy.outerHTML;
}

export function rememberDetail() {
  const root = detail();
  shown = new Map(root ? [...parts(root)].map(([name, part]) => [name, print(part)]) : []);
}

export async function refreshDetail() {
  const id = openAlertId();
  if (!id) {
    return;
  }
  const answer = await fetch(`/alerts/${id}`, { headers: { Accept: "text/html" } });
  if (answer.status === 403 && openAlertId() === id) {
    location.reload(); // the right to it has ended: the page says so
  } else if (answer.status === 404 && openAlertId() === id) {
    location.assign("/");
  } else if (answer.ok) {
    const fresh = detailOf(await answer.text());
    const root = detail();
    // Meanwhile the desk may have opened another one, or an act have brought what is newer.
    if (fresh && openAlertId() === id && +fresh.dataset.revision >= +root.dataset.revision) {
      change(root, fresh);
    }
  }
}

function detailOf(text) {
  return new DOMParser().parseFromString(text, "text/html").querySelector("#detail[data-alert]");
}

// The answer to an act brings the whole alert. It may come late: what its person meanwhile writes
// or opens elsewhere in it stays. False if the answer is no page of the alert that is open.
export function takeAnswer(text, form) {
  const fresh = detailOf(text);
  const root = detail();
  if (!fresh || fresh.dataset.alert !== root?.dataset.alert) {
    return false;
  }
  const isOlder = +fresh.dataset.revision < +root.dataset.revision;
  change(root, fresh, form);
  if (isOlder) {
    refreshDetail().catch(() => {});
  }
  return true;
}

// By its id, or by its words where each is there once: what was just opened must not close again.
function isSameFold(one, other) {
  const words = (fold) => fold.querySelector("summary")?.textContent;
  return other.id ? one.id === other.id : words(one) === words(other);
}

// A clip that is whole now is the one that was watched while it grew: it goes on where it was.
export function keepPlaces(old, part) {
  for (const fold of old?.querySelectorAll("details[open]") ?? []) {
    const folds = [...part.querySelectorAll("details")];
    folds.find((one) => isSameFold(one, fold))?.setAttribute("open", "");
  }
  for (const film of old?.querySelectorAll("video[data-began]") ?? []) {
    const same = part.querySelector(`video[data-began="${film.dataset.began}"]`);
    if (same && film.currentTime > 0) {
      same.preload = "metadata"; // it was played: the picture where it stands is shown
      same.currentTime = film.currentTime;
    }
  }
  if (old?.hasAttribute("data-watched")) {
    part.setAttribute("data-watched", "");
  }
}

// Beside what it stands beside in the new page.
function put(root, part, beforeIt) {
  const neighbour = beforeIt && parts(root).get(beforeIt);
  if (neighbour) {
    neighbour.after(part);
  } else {
    root.querySelector(".detail-inner").append(part);
  }
}

// `form`: what was sent, if this is the answer. Its part is shown anew, whatever is written in it.
function change(root, fresh, form = null) {
  const old = parts(root);
  const next = parts(fresh);
  const beforeIt = new Map();
  for (const [name, part] of next) {
    beforeIt.set(name, part.previousElementSibling?.dataset.part);
  }
  const isSent = (part) => Boolean(form && part?.contains(form));
  root.dataset.state = fresh.dataset.state;
  root.dataset.revision = fresh.dataset.revision;
  isHeldBack = false;
  for (const [name, part] of next) {
    const text = print(part);
    const isAnswered = isSent(old.get(name));
    if (shown.get(name) === text && !isAnswered) {
      continue;
    }
    if (isBusy(old.get(name)) && !isAnswered) {
      isHeldBack = true;
      continue;
    }
    if (isAnswered) {
      closeFolds(old.get(name), form);
    }
    if (old.has(name)) {
      keepPlaces(old.get(name), part);
      old.get(name).replaceWith(part);
    } else {
      put(root, part, beforeIt.get(name));
    }
    shown.set(name, text);
    window.htmx?.process(part);
  }
  for (const [name, part] of old) {
    if (!next.has(name) && isBusy(part) && !isSent(part)) {
      isHeldBack = true;
    } else if (!next.has(name)) {
      part.remove();
      shown.delete(name);
    }
  }
  tick();
  watchGrowing();
}

function closeFolds(part, form) {
  const folds = [...part.querySelectorAll("details[open]")];
  for (const fold of folds.filter((one) => one.contains(form) || form.contains(one))) {
    fold.removeAttribute("open");
  }
}

function watchGrowing() {
  startGrowing(() => { refreshDetail().catch(() => {}); });
}

function isEdited(field) {
  if (!field.options) {
    return field.value !== field.defaultValue;
  }
  const given = [...field.options].findIndex((one) => one.defaultSelected);
  return field.selectedIndex !== Math.max(given, 0);
}

// Somebody watches, listens, writes or chooses there: it changes when they have done.
export function isBusy(part) {
  if (!part) {
    return false;
  }
  const fields = [...part.querySelectorAll("input[type='text'], textarea, select")];
  if (fields.some((one) => one === document.activeElement || isEdited(one))) {
    return true;
  }
  return [...part.querySelectorAll("video, audio")].some((film) => !film.paused);
}

// What is still on its way of the pictures waits for the clip: both would be late.
function letFirst(film) {
  const late = [...document.querySelectorAll("#main img[src]")].filter((image) => !image.complete);
  const sources = late.map((image) => image.getAttribute("src"));
  late.forEach((image) => image.removeAttribute("src"));
  const goOn = () => late.forEach((image, at) => image.setAttribute("src", sources[at]));
  film.addEventListener("playing", goOn, { once: true });
  setTimeout(goOn, LATEST_MS); // a clip that does not play at all
}

// The picture of the alert is its first clip's player: the clip takes its place.
function play(film, fromS = film.currentTime) {
  film.closest(".shot")?.setAttribute("data-watched", "");
  if (film.currentTime !== fromS) {
    film.currentTime = fromS;
  }
  film.scrollIntoView({ block: "nearest" });
  letFirst(film);
  film.play().catch(() => {}); // what failed shows in the player
}

function playOriginal(film, link) {
  const atS = film.currentTime;
  film.src = `${link.href}/play`;
  link.closest("[data-copied]").hidden = true;
  play(film, atS);
}

export function watchClips() {
  const film = document.querySelector("[data-part='picture'] > video");
  if (film && !film.paused) {
    play(film); // begun before this script was here: it stays in view
  }
  watchGrowing();
  document.addEventListener("htmx:afterSettle", watchGrowing);
  document.addEventListener("click", (event) => {
    const { target } = event;
    const button = target.closest("[data-seek]");
    const original = target.closest("a[data-original]");
    if (target.closest("[data-watch]")) {
      play(target.closest(".shot").querySelector("video"));
    } else if (button) {
      play(document.getElementById(button.dataset.video), Number(button.dataset.seek));
    } else if (original) {
      event.preventDefault();
      playOriginal(document.getElementById(original.dataset.original), original);
    }
  });
  document.addEventListener("focusout", () => {
    if (isHeldBack) {
      whenAtRest(() => { refreshDetail().catch(() => {}); });
    }
  });
  document.addEventListener("pause", () => { refreshDetail().catch(() => {}); }, { capture: true });
}
