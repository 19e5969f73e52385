// Areas to be hidden in a clip or a picture: drawn by finger or mouse at some moments, on a straight
// line between. What was drawn stays in this tab alone.

import { _ } from "./words.js";

const KEPT = "hide:";
const SAME_S = 0.05;
const LEAST = 0.01;

export function between(boxes, at) {
  if (boxes.length === 1) {
    return boxes[0];
  }
  if (!boxes.length || at < boxes[0].at_s || at > boxes.at(-1).at_s) {
    return null;
  }
  const next = boxes.findIndex((box) => at <= box.at_s);
  const b = boxes[next];
  const a = boxes[Math.max(0, next - 1)];
  const way = b.at_s > a.at_s ? (at - a.at_s) / (b.at_s - a.at_s) : 1;
  const on = (key) => a[key] + (b[key] - a[key]) * way;
  return { x0: on("x0"), y0: on("y0"), x1: on("x1"), y1: on("y1") };
}

function kept(media) {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT + media))?.areas ?? [];
  } catch {
    return [];
  }
}

function keep(media, areas) {
  const drawn = areas.filter((area) => area.boxes.length);
  if (drawn.length) {
    sessionStorage.setItem(KEPT + media, JSON.stringify({ media_id: media, areas: drawn }));
  } else {
    sessionStorage.removeItem(KEPT + media);
  }
}

export function startHide() {
  const root = document.getElementById("hide");
  const { media } = root.dataset;
  const film = root.querySelector("video");
  const canvas = root.querySelector("canvas");
  const slider = root.querySelector("[name=at]");
  const choice = root.querySelector("[name=area]");
  const said = document.getElementById("hide-said");
  let areas = kept(media);
  let active = 0;
  let drawing = null;
  if (!areas.length) {
    areas = [{ boxes: [] }];
  }
  const now = () => film?.currentTime ?? 0;

  function show() {
    const pen = canvas.getContext("2d");
    canvas.width = canvas.clientWidth;
    canvas.height = canvas.clientHeight;
    areas.forEach((area, number) => {
      const box = number === active && drawing ? drawing : between(area.boxes, now());
      if (!box) {
        return;
      }
      const place = [box.x0 * canvas.width, box.y0 * canvas.height,
        (box.x1 - box.x0) * canvas.width, (box.y1 - box.y0) * canvas.height];
      pen.fillStyle = "rgba(0, 0, 0, .55)";
      pen.fillRect(...place);
      pen.lineWidth = number === active ? 3 : 1;
      pen.strokeStyle = "#fff";
      pen.strokeRect(...place);
    });
    said.textContent = _("Areas: %(areas)d, boxes drawn: %(boxes)d", {
      areas: areas.filter((area) => area.boxes.length).length,
      boxes: areas.reduce((sum, area) => sum + area.boxes.length, 0),
    });
  }

  function list() {
    choice.replaceChildren(...areas.map((_area, number) => {
      const line = document.createElement("option");
      line.value = number;
      line.textContent = _("Area %(n)d", { n: number + 1 });
      return line;
    }));
    choice.value = active;
    show();
  }

  function point(event) {
    const frame = canvas.getBoundingClientRect();
    const share = (value) => Math.min(1, Math.max(0, value));
    return [share((event.clientX - frame.left) / frame.width),
      share((event.clientY - frame.top) / frame.height)];
  }

  let from = null;
  canvas.addEventListener("pointerdown", (event) => {
    film?.pause();
    canvas.setPointerCapture(event.pointerId);
    from = point(event);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from) {
      return;
    }
    const [x, y] = point(event);
    drawing = { x0: Math.min(from[0], x), y0: Math.min(from[1], y),
      x1: Math.max(from[0], x), y1: Math.max(from[1], y) };
    show();
  });
  const end = (isKept) => () => {
    if (isKept && drawing && drawing.x1 - drawing.x0 > LEAST && drawing.y1 - drawing.y0 > LEAST) {
      const at_s = Math.round(now() * 1000) / 1000;
      const others = areas[active].boxes.filter((box) => Math.abs(box.at_s - at_s) > SAME_S);
      areas[active].boxes = [...others, { at_s, ...drawing }].sort((a, b) => a.at_s - b.at_s);
      keep(media, areas);
    }
    from = null;
    drawing = null;
    show();
  };
  canvas.addEventListener("pointerup", end(true));
  canvas.addEventListener("pointercancel", end(false));

  choice.addEventListener("change", () => { active = Number(choice.value); show(); });
  root.addEventListener("click", (event) => {
    const { act } = event.target.dataset;
    if (act === "another") {
      areas.push({ boxes: [] });
      active = areas.length - 1;
    } else if (act === "remove") {
      areas.splice(active, 1);
      areas = areas.length ? areas : [{ boxes: [] }];
      active = Math.min(active, areas.length - 1);
      keep(media, areas);
    } else if (film && act) {
      film.currentTime = Math.max(0, Math.min(film.duration || 0, now() + Number(act)));
    } else {
      return;
    }
    list();
  });
  if (film) {
    film.addEventListener("loadedmetadata", () => { slider.max = film.duration; show(); });
    film.addEventListener("seeked", () => { slider.value = now(); show(); });
    slider.addEventListener("input", () => { film.currentTime = Number(slider.value); });
  }
  addEventListener("resize", show);
  root.hidden = false;
  list();
}

// On the page of the case: what was drawn goes along with the export, and is said there.
export function startHidden() {
  const form = document.getElementById("export").querySelector("form");
  const marks = [...document.querySelectorAll("[data-hides]")];
  marks.forEach((mark) => {
    const areas = kept(mark.dataset.hides);
    mark.textContent = areas.length ? _("Areas to be hidden in the copy: %(n)d", { n: areas.length }) : "";
  });
  form.addEventListener("submit", () => {
    form.querySelectorAll("[name=plan]").forEach((field) => field.remove());
    marks.forEach((mark) => {
      const plan = sessionStorage.getItem(KEPT + mark.dataset.hides);
      if (plan) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name: "plan", value: plan });
        form.append(field);
      }
    });
  });
  form.querySelector("button").disabled = false;
}
