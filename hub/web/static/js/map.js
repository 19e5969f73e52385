// The map of cameras. The table beside it holds the same, so nothing depends on this: without
// script, without WebGL or without a line it is not drawn, and says so.

import { NOTHING, ground } from "./ground.js";
import { listen } from "./stream.js";
import { _ } from "./words.js";

const AGAIN_MS = 2000; // in a storm the states are asked for once in so long
const SILENT_MS = 60_000; // no alert changes when a camera falls silent: nothing else would tell
const ALONE_ZOOM = 15; // from here on no two cameras are drawn as one
const element = document.getElementById("map");
const vendor = `${element?.dataset.static}/vendor`;

let features = [];

function say(text) {
  document.getElementById("map-state").textContent = text;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

async function tell(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return answer.json();
}

function feature([id, label, east, north, dark, open, faulty]) {
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [east, north] },
    properties: { id, label, dark, open, faulty },
  };
}

const collection = () => ({ type: "FeatureCollection", features });

// A colour of its own and a sign of its own: red and "!", amber and "×", an empty amber ring.
function layers() {
  const worst = (open, dark, faulty, well) => ["case", [">", ["get", "open"], 0], open,
    [">", ["get", "dark"], 0], dark, [">", ["get", "faulty"], 0], faulty, well];
  const [card, amber] = [colour("card"), colour("taken")];
  const ring = { "circle-stroke-width": worst(2, 2, 4, 2),
    "circle-stroke-color": worst(card, card, amber, card) };
  const shade = worst(colour("open"), amber, card, colour("handled"));
  const on = colour("ground");
  const text = { "text-color": worst(on, on, colour("ink"), on) };
  const font = { "text-font": ["sans-serif"], "text-allow-overlap": true };
  return [
    { id: "many", type: "circle", source: "cameras", filter: ["has", "point_count"],
      paint: { ...ring, "circle-color": shade,
        "circle-radius": ["step", ["get", "point_count"], 14, 20, 18, 200, 24, 2000, 30] } },
    { id: "number", type: "symbol", source: "cameras", filter: ["has", "point_count"],
      layout: { ...font, "text-field": ["get", "point_count_abbreviated"], "text-size": 12 },
      paint: text },
    { id: "one", type: "circle", source: "cameras", filter: ["!", ["has", "point_count"]],
      paint: { ...ring, "circle-color": shade,
        "circle-radius": ["case", [">", ["get", "open"], 0], 12, 9] } },
    { id: "sign", type: "symbol", source: "cameras", filter: ["!", ["has", "point_count"]],
      layout: { ...font, "text-size": 14, "text-field": ["case", [">", ["get", "open"], 0], "!",
        [">", ["get", "dark"], 0], "×", ""] },
      paint: text },
  ];
}

// Without what lies under them, the cameras are drawn all the same.
async function under(gl) {
  try {
    const found = await ground(gl, await tell("/map/ground.json"), colour);
    if (found.credit) {
      const credit = document.createElement("p");
      credit.className = "soft";
      credit.id = "map-credit";
      credit.textContent = found.credit;
      element.after(credit);
    }
    return found;
  } catch {
    return NOTHING;
  }
}

// Their own buttons: the library's come as pictures that the page's policy does not let in.
function zoomBy(map) {
  const buttons = document.getElementById("map-zoom");
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const by = Number(event.target.closest("[data-zoom]")?.dataset.zoom ?? 0);
    map.easeTo({ zoom: map.getZoom() + by, duration: 150 });
  });
}

// Where this device is, drawn on this map alone: the position is sent to nobody.
const EARTH_M = 111_320; // length of a degree of latitude
const SIDES = 48;

const mine = () => [
  { id: "me-near", type: "fill", source: "me", filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "fill-color": colour("link"), "fill-opacity": 0.15 } },
  { id: "me", type: "circle", source: "me", filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-radius": 7, "circle-color": colour("link"),
      "circle-stroke-width": 3, "circle-stroke-color": colour("card") } },
];

function around(east, north, radius_m) {
  const reach = radius_m / EARTH_M;
  const wide = reach / Math.cos((north * Math.PI) / 180);
  const corner = (_none, index) => {
    const turn = (2 * Math.PI * index) / SIDES;
    return [east + wide * Math.cos(turn), north + reach * Math.sin(turn)];
  };
  return [Array.from({ length: SIDES + 1 }, corner)];
}

function hereOn(map) {
  const button = document.getElementById("map-here");
  const said = document.getElementById("map-here-said");
  if (!button || !("geolocation" in navigator) || !window.isSecureContext) {
    return;
  }
  const show = ({ coords: { longitude: east, latitude: north, accuracy } }) => {
    const point = { type: "Point", coordinates: [east, north] };
    const near = { type: "Polygon", coordinates: around(east, north, accuracy) };
    const both = { type: "FeatureCollection", features: [near, point].map(
      (geometry) => ({ type: "Feature", geometry, properties: {} }),
    ) };
    if (map.getSource("me")) {
      map.getSource("me").setData(both);
    } else {
      map.addSource("me", { type: "geojson", data: both });
      mine().forEach((layer) => map.addLayer(layer, "many")); // below the cameras
    }
    map.easeTo({ center: [east, north], zoom: Math.max(map.getZoom(), 15), duration: 150 });
    said.textContent = _("You are at the blue dot, give or take %(n)d m. Only this device knows it.", { n: Math.round(accuracy) });
    element.dataset.here = `${east.toFixed(5)} ${north.toFixed(5)}`;
  };
  const refused = () => {
    said.textContent = _("The device does not say where it is. Allow it to use its position, and try again.");
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    said.textContent = _("Asking the device…");
    navigator.geolocation.getCurrentPosition(
      show, refused, { enableHighAccuracy: true, timeout: 15000, maximumAge: 10000 },
    );
  });
}

function reach(gl, below) {
  const bounds = new gl.LngLatBounds();
  features.forEach((one) => bounds.extend(one.geometry.coordinates));
  return features.length > 0 ? bounds : below.bounds;
}

// `open` is what a tap on a camera does.
export async function draw(open = (id) => location.assign(`/cameras/${id}`)) {
  const gl = await import(`${vendor}/maplibre-gl-6.17.0.mjs`);
  gl.setWorkerUrl(new URL(`${vendor}/maplibre-gl-worker-6.17.0.mjs`, location.href).href);
  const [{ cameras }, below] = await Promise.all([tell("/map/cameras.json"), under(gl)]);
  features = cameras.map(feature);
  element.hidden = false;
  const map = new gl.Map({
    container: element,
    attributionControl: false,
    fadeDuration: 0,
    bounds: reach(gl, below) ?? [[102, 8], [110, 24]],
    fitBoundsOptions: { padding: 40, maxZoom: 16 },
    style: {
      version: 8,
      sources: { ...below.sources,
        cameras: { type: "geojson", data: collection(), cluster: true,
          clusterMaxZoom: ALONE_ZOOM, clusterRadius: 40,
          clusterProperties: {
            open: ["+", ["get", "open"]], dark: ["+", ["get", "dark"]],
            faulty: ["+", ["get", "faulty"]],
          } } },
      layers: [{ id: "blank", type: "background", paint: { "background-color": colour("card") } },
        ...below.layers, ...layers()],
    },
  });
  zoomBy(map);
  hereOn(map);
  map.on("click", "one", ({ features: [one] }) => open(one.properties.id));
  map.on("click", "many", async ({ features: [many] }) => {
    const zoom = await map.getSource("cameras").getClusterExpansionZoom(many.properties.cluster_id);
    map.easeTo({ center: many.geometry.coordinates, zoom, duration: 150 });
  });
  map.once("idle", () => { element.dataset.drawn = features.length; });
  element.map = map; // for whoever measures it
  return map;
}

let asking = null;

// However fast alerts come, the states are asked for once in a while, and the points moved at once.
function refresh(map) {
  asking ??= setTimeout(async () => {
    try {
      const { states } = await tell("/map/states.json");
      for (const { properties } of features) {
        [properties.dark, properties.open, properties.faulty] = states[properties.id] ?? [0, 0, 0];
      }
      map.getSource("cameras").setData(collection());
      element.dataset.refreshed = Number(element.dataset.refreshed ?? 0) + 1;
      asking = null;
    } catch {
      asking = null;
      refresh(map); // the hub or the line is away
    }
  }, AGAIN_MS);
}

export async function startMap() {
  try {
    const map = await draw();
    listen({
      address: () => "/events",
      opened: () => refresh(map),
      hears: { change: () => refresh(map), scope: () => location.reload() },
      show: (_isUp, text) => say(text),
    });
    setInterval(() => refresh(map), SILENT_MS);
  } catch {
    element.hidden = true;
    say(_("This device cannot draw the map. The table holds the same."));
  }
}
