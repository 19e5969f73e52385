// The search for sightings: points by a tap on the map, a clip by one tap in its place. Without
// script points are typed, and a clip opens by its own address.

import { draw } from "./map.js";
import { _ } from "./words.js";

const list = document.getElementById("find-list");
const LINES = { round: 1, along: 40, within: 40 };

function how() {
  return document.querySelector("input[name=how]:checked")?.value ?? "round";
}

function points() {
  return [...list.value.matchAll(/(-?\d+(?:\.\d+)?)\s*[,\s]\s*(-?\d+(?:\.\d+)?)/g)]
    .map(([, north, east]) => [Number(east), Number(north)]);
}

function shape() {
  const marked = points();
  const corners = how() === "within" && marked.length > 2 ? [...marked, marked[0]] : marked;
  const features = marked.map((coordinates) => ({
    type: "Feature", properties: {}, geometry: { type: "Point", coordinates },
  }));
  if (how() !== "round" && marked.length > 1) {
    features.push({
      type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: corners },
    });
  }
  return { type: "FeatureCollection", features };
}

function add({ lng, lat }) {
  const line = `${lat.toFixed(6)}, ${lng.toFixed(6)}`;
  const before = list.value.trim();
  list.value = how() === "round" || !before ? line : `${before}\n${line}`;
  if (points().length > LINES[how()]) {
    list.value = before;
  }
}

async function startPicking() {
  const map = await draw(() => {});
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--link").trim();
  const show = () => map.getSource("picked")?.setData(shape());
  map.once("load", () => {
    map.addSource("picked", { type: "geojson", data: shape() });
    map.addLayer({ id: "picked-line", type: "line", source: "picked",
      paint: { "line-color": colour, "line-width": 4 } });
    map.addLayer({ id: "picked-point", type: "circle", source: "picked",
      filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-color": colour, "circle-radius": 7 } });
    document.getElementById("map").dataset.picking = "";
  });
  map.on("click", ({ lngLat }) => { add(lngLat); show(); });
  list.addEventListener("input", show);
  document.getElementById("find-clear").addEventListener("click", () => { list.value = ""; show(); });
  document.querySelectorAll("input[name=how]").forEach((one) => one.addEventListener("change", show));
}

async function pick() {
  try {
    await startPicking();
  } catch {
    document.getElementById("map").hidden = true;
    const said = _("This device cannot draw the map. Write the points below.");
    document.getElementById("map-state").textContent = said;
  }
}

// One film at a time: what was open before goes back to its picture.
function stop() {
  document.querySelectorAll(".sight video").forEach((one) => {
    one.pause();
    one.closest(".shot").querySelector("[data-play]").hidden = false;
    one.closest(".sight").removeAttribute("data-hovered");
    one.remove();
  });
}

function play(link, isAsked = true) {
  const film = document.createElement("video");
  film.controls = film.autoplay = film.playsInline = film.muted = true;
  film.setAttribute("aria-label", link.getAttribute("aria-label"));
  film.src = link.dataset.play;
  stop();
  link.hidden = true;
  link.after(film);
  if (isAsked) {
    film.focus();
  }
}

function clicked(event) {
  const link = event.target.closest("[data-play]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button) {
    event.preventDefault();
    play(link);
  }
}

// Over a tile with a mouse its clip plays as long as the mouse stays.
const HOVER_MS = 400;

function hovered(tile) {
  const link = tile.querySelector("[data-play]");
  const sight = tile.closest(".sight");
  let waiting = 0;
  tile.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse" && !link.hidden) {
      waiting = setTimeout(() => { play(link, false); sight.dataset.hovered = ""; }, HOVER_MS);
    }
  });
  tile.addEventListener("pointerleave", () => {
    clearTimeout(waiting);
    if ("hovered" in sight.dataset) {
      stop();
    }
  });
  tile.addEventListener("pointerdown", () => { delete sight.dataset.hovered; }); // it stays
}

// Choosing many: a tick with Shift ticks everything from the last one; so does a click with Shift
// on a picture.
let lastPicked = null;

function ticks() {
  return [...document.querySelectorAll(".sight-pick input")];
}

function pickTo(box, isRange) {
  const all = ticks();
  // Who ticks one before this script is here, or comes back to the page, ticked it all the same.
  const last = lastPicked ?? all.find((one) => one.checked && one !== box);
  const [from, to] = [all.indexOf(last), all.indexOf(box)];
  if (isRange && from >= 0) {
    all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => {
      one.checked = box.checked;
    });
  }
  lastPicked = box;
  const n = all.filter((one) => one.checked).length;
  const said = document.getElementById("picked");
  said.closest(".picked").classList.toggle("is-needed", n > 0);
  said.textContent = n ? _("%(n)d chosen", { n }) : said.dataset.none;
}

function picked(event) {
  const box = event.target.closest(".sight-pick input");
  if (box) {
    pickTo(box, event.shiftKey);
    return;
  }
  const other = event.shiftKey && event.target.closest(".sight .shot")
    ?.querySelector(".sight-pick input");
  if (other && !event.target.closest(".sight-pick, video")) {
    event.preventDefault();
    other.checked = !other.checked;
    pickTo(other, true);
  }
}

function pressed(event) {
  const isTyping = event.target.closest("input, textarea, select, video");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.getElementById("find-q").focus();
  }
}

// The two moments are asked for only where they count.
function showMoments() {
  const chosen = document.querySelector("input[name=when]:checked")?.value;
  document.getElementById("find-moments").hidden = chosen !== "between";
}

// The last words typed are completed to names of cameras and places: a choice of whole sentences.
const names = document.getElementById("find-names");
const TYPED_MS = 250;
let pausing = 0;
let asking = null;

async function complete(input) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const answer = await fetch(`/find/names?q=${encodeURIComponent(input.value)}`, { signal });
  if (answer.ok) {
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    if (!signal.aborted) {
      names.replaceChildren(holder.content);
    }
  }
}

function typed(event) {
  clearTimeout(pausing);
  pausing = setTimeout(() => complete(event.target).catch(() => {}), TYPED_MS);
}

export function startFind() {
  document.querySelectorAll("#find-q, #find-named").forEach((one) => {
    one.addEventListener("input", typed);
    if (one === document.activeElement && one.value) {
      typed({ target: one }); // typed before this script was here
    }
  });
  document.addEventListener("click", clicked);
  document.addEventListener("click", picked);
  document.querySelectorAll(".sight .shot:has([data-play])").forEach(hovered);
  document.addEventListener("keydown", pressed);
  document.querySelectorAll("input[name=when]").forEach((one) => {
    one.addEventListener("change", showMoments);
  });
  showMoments();
  const folded = document.getElementById("find-points");
  const begin = () => { if (folded.open) { folded.removeEventListener("toggle", begin); pick(); } };
  folded.addEventListener("toggle", begin);
  begin();
}
