// Zones and masks drawn with a finger over the present picture. The lines of text in the form are
// the truth; what is drawn here writes them.

import { startWatching } from "./liveview.js";
import { startMeasures } from "./measures.js";
import { startTest } from "./phonetest.js";
import { _ } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const NEAR = 0.05; // of the picture: a finger is wide
const LINE = /^((?:[^":]|"[^"]*")*):(.*)$/;
const LABELLED = /^zone\s+(\S+)(?:\s+"([^"]*)")?(.*)$/;
const LABEL_CHARS = 60;
const share = (value) => String(Math.round(Math.min(1, Math.max(0, value)) * 10000) / 10000);

function read(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [, head, tail] = LINE.exec(line) ?? [line, line, ""];
    return { head: head.trim(), corners: tail.split(",").map((pair) => pair.trim().split(/\s+/).map(Number)) };
  }).filter(({ corners }) => corners.every((pair) => pair.length === 2 && pair.every(Number.isFinite)));
}

function write(shapes) {
  return shapes.map(({ head, corners }) =>
    `${head}: ${corners.map((pair) => pair.map(share).join(" ")).join(", ")}`).join("\n");
}

// A zone's name, its label for people and the rest of its line; null for a mask.
function zoneOf(head) {
  const found = LABELLED.exec(head);
  return found && { name: found[1], label: found[2] ?? "", rest: found[3] };
}

export function startAim() {
  startWatching();
  startTest().catch(() => {});
  startMeasures();
  const form = document.querySelector("form textarea[name=outlines]");
  if (!form) {
    return;
  }
  const place = document.getElementById("aim");
  const tools = document.getElementById("aim-tools");
  const list = document.getElementById("aim-shapes");
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 1 1");
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("outlines");
  place.append(drawing);
  tools.hidden = false;
  document.getElementById("aim-lines").open = false;
  let shapes = read(form.value);
  let begun = null;
  let held = null;

  const button = (name) => tools.querySelector(`[data-draw=${name}]`);

  function polygon({ head, corners }, isOpen) {
    const element = document.createElementNS(SVG, isOpen ? "polyline" : "polygon");
    element.setAttribute("points", corners.map((pair) => pair.join(",")).join(" "));
    element.setAttribute("class", head === "private" ? "is-mask" : "is-zone");
    return element;
  }

  function knobs({ corners }) {
    return corners.map(([x, y]) => {
      const knob = document.createElementNS(SVG, "path"); // a round cap keeps its shape when stretched
      knob.setAttribute("d", `M${x} ${y}h0`);
      knob.setAttribute("class", "knob");
      return knob;
    });
  }

  function show() {
    const all = begun ? [...shapes, begun] : shapes;
    drawing.replaceChildren(
      ...all.map((shape) => polygon(shape, shape === begun)), ...all.flatMap(knobs),
    );
    list.replaceChildren(...shapes.map((shape, index) => {
      const item = document.createElement("li");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "button";
      remove.textContent = _("Remove");
      const zone = zoneOf(shape.head);
      const name = zone ? zone.label || zone.name : _("Mask %(n)d", { n: index + 1 });
      remove.setAttribute("aria-label", `${_("Remove")}: ${name}`);
      remove.addEventListener("click", () => { shapes.splice(index, 1); keep(); });
      item.append(zone ? labelField(shape, zone, remove) : `${name} `, remove);
      return item;
    }));
    button("undo").disabled = !begun?.corners.length;
    button("done").disabled = !begun || begun.corners.length < 3;
  }

  function labelField(shape, { name, label, rest }, remove) {
    const field = document.createElement("label");
    field.className = "field";
    const input = document.createElement("input");
    input.setAttribute("type", "text"); // as written in pages: its look goes by the attribute
    input.maxLength = LABEL_CHARS;
    input.value = label;
    input.addEventListener("change", () => {
      const said = input.value.replaceAll('"', "").trim();
      shape.head = `zone ${name}${said ? ` "${said}"` : ""}${rest}`;
      form.value = write(shapes); // the list stays: the next tap or key is in it already
      input.value = said;
      remove.setAttribute("aria-label", `${_("Remove")}: ${said || name}`);
    });
    field.append(_("Name of zone %(id)s for officers", { id: name }), input);
    return field;
  }

  function keep() {
    form.value = write(shapes);
    show();
  }

  function whichZone() {
    const taken = new Set(shapes.map(({ head }) => head.split(" ")[1]));
    let number = 1;
    while (taken.has(`vung-${number}`)) {
      number += 1;
    }
    return `zone vung-${number} entry`;
  }

  function done() {
    shapes.push(begun);
    begun = null;
    keep();
  }

  function where(event) {
    const box = drawing.getBoundingClientRect();
    const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return at.map((value) => Number(share(value)));
  }

  function cornerAt([x, y]) {
    for (const shape of begun ? [begun] : shapes) {
      const index = shape.corners.findIndex(([a, b]) => Math.hypot(a - x, b - y) < NEAR);
      if (index >= 0) {
        return { shape, index };
      }
    }
    return null;
  }

  drawing.addEventListener("pointerdown", (event) => {
    const at = where(event);
    held = cornerAt(at);
    if (begun && held?.index === 0 && begun.corners.length > 2) {
      held = null;
      done(); // back at the first corner
    } else if (!held && begun) {
      begun.corners.push(at);
      held = { shape: begun, index: begun.corners.length - 1 };
      show();
    }
    if (held) {
      drawing.setPointerCapture(event.pointerId);
      event.preventDefault();
    }
  });
  drawing.addEventListener("pointermove", (event) => {
    if (held) {
      held.shape.corners[held.index] = where(event);
      show();
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, () => {
      if (held) {
        held = null;
        keep();
      }
    });
  }
  tools.addEventListener("click", (event) => {
    const wanted = event.target.closest("[data-draw]")?.dataset.draw;
    if (wanted === "done") {
      done();
    } else if (wanted === "undo") {
      begun.corners.pop();
      show();
    } else if (wanted) {
      begun = { head: wanted === "private" ? "private" : whichZone(), corners: [] };
      drawing.classList.add("is-drawing");
      place.scrollIntoView({ block: "nearest" });
      show();
    }
  });
  form.form.addEventListener("submit", () => {
    if (begun?.corners.length > 2) {
      done(); // drawn, and saved without a word that it is done
    }
  });
  form.addEventListener("change", () => { shapes = read(form.value); show(); });
  show();
}
