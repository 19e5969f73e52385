// What lies under the cameras: nothing, an image by its corners, or the layers of an archive.

export const NOTHING = { sources: {}, layers: [], bounds: null, credit: "" };

const FONT = { "text-font": ["sans-serif"] };
const NAME = ["coalesce", ["get", "name:vi"], ["get", "name"], ""];
const BY_ZOOM = ["interpolate", ["linear"], ["zoom"], 12, 1, 16, 4];
const POLYGON = ["==", ["geometry-type"], "Polygon"];
const LINE = ["==", ["geometry-type"], "LineString"];
const POINT = ["==", ["geometry-type"], "Point"];

// Makers of archives name their layers alike: by the name one knows land, green, water, houses and
// roads. They lie on one another in this order; archives list them by the alphabet. Any other layer,
// such as borders, lies on the land.
const KINDS = [
  [/^earth$|^land$/, { fill: "line", opacity: 0.4 }],
  [/landuse|landcover|park/, { fill: "handled", opacity: 0.12 }],
  [/water/, { fill: "link", opacity: 0.25 }],
  [/build/, { fill: "edge", opacity: 0.3 }],
  [/road|transport/, { line: BY_ZOOM }],
];
const AS_EVER = { fill: "line", opacity: 0.4 };
const height = ({ id }) => {
  const kind = KINDS.findIndex(([name]) => name.test(id));
  return kind < 0 ? 0.5 : kind;
};
const UNNAMED = /poi|address|housenumber/; // more of them than a map of cameras has room for

export async function ground(gl, told, colour) {
  if (told.kind === "plan") {
    return plan(told);
  }
  return told.kind === "tiles" ? tiles(gl, colour) : NOTHING;
}

function plan({ corners: [west, north, east, south] }) {
  return {
    ...NOTHING,
    sources: { plan: { type: "image", url: new URL("/map/ground", location.href).href,
      coordinates: [[west, north], [east, north], [east, south], [west, south]] } },
    layers: [{ id: "plan", type: "raster", source: "plan", paint: { "raster-opacity": 0.8 } }],
    bounds: [[west, south], [east, north]],
  };
}

async function tiles(gl, colour) {
  const { Protocol, PMTiles } = window.pmtiles;
  const address = new URL("/map/ground", location.href).href;
  const archive = new PMTiles(address);
  const protocol = new Protocol();
  protocol.add(archive);
  gl.addProtocol("pmtiles", protocol.tile);
  const [header, { vector_layers: parts = [], attribution = "" }] = await Promise.all(
    [archive.getHeader(), archive.getMetadata()],
  );
  const isVector = header.tileType === 1;
  const source = { type: isVector ? "vector" : "raster", url: `pmtiles://${address}` };
  return {
    sources: { ground: isVector ? source : { ...source, tileSize: 256 } },
    layers: isVector ? drawn(parts, colour) : [{ id: "ground", type: "raster", source: "ground" }],
    bounds: [[header.minLon, header.minLat], [header.maxLon, header.maxLat]],
    credit: plain(attribution),
  };
}

// The licence of most maps asks for their makers' names, which come as HTML.
function plain(text) {
  return new DOMParser().parseFromString(String(text), "text/html").body.textContent.trim();
}

function drawn(parts, colour) {
  const at = (id, what) => ({ id: `${id}-${what}`, source: "ground", "source-layer": id });
  const upwards = [...parts].sort((one, other) => height(one) - height(other));
  const shapes = upwards.flatMap(({ id }) => {
    const look = KINDS.find(([name]) => name.test(id))?.[1] ?? AS_EVER;
    const area = { ...at(id, "area"), type: "fill", filter: POLYGON,
      paint: { "fill-color": colour(look.fill ?? "line"), "fill-opacity": look.opacity ?? 0.4 } };
    const line = { ...at(id, "line"), type: "line", filter: LINE,
      paint: { "line-color": colour("edge"), "line-width": look.line ?? 1 } };
    return [area, line];
  });
  const text = { "text-color": colour("ink-soft"), "text-halo-color": colour("card"),
    "text-halo-width": 1.5 };
  const named = parts.filter(({ id, fields = {} }) => "name" in fields && !UNNAMED.test(id));
  const names = named.flatMap(({ id }) => [
    { ...at(id, "along"), type: "symbol", filter: LINE, minzoom: 14, paint: text,
      layout: { ...FONT, "text-field": NAME, "text-size": 11, "symbol-placement": "line" } },
    { ...at(id, "name"), type: "symbol", filter: POINT, paint: text,
      layout: { ...FONT, "text-field": NAME, "text-size": 13 } },
  ]);
  return [...shapes, ...names];
}
