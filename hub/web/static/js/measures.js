// Where a camera looks, how high it hangs and where its horizon lies: an arrow or a line to drag, or
// to move by the arrow keys. The number beside it is the truth; what is dragged here writes it.

import { _ } from "./words.js";

const BIG = 10; // steps at once with the page keys
const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: BIG, PageDown: -BIG };

// `at` is the value under a pointer, `show` draws one; null: not known yet.
function slider(handle, field, { least, most, step, first, turns = false, at, show, told }) {
  const read = () => (field.value.trim() === "" || !Number.isFinite(Number(field.value))
    ? null : Number(field.value));

  function draw() {
    const value = read();
    handle.classList.toggle("is-unset", value === null);
    handle.setAttribute("aria-valuenow", value ?? first);
    handle.setAttribute("aria-valuetext", value === null ? _("not known") : told(value));
    show(value ?? first);
  }

  function write(value) {
    const round = Math.round(value / step) * step;
    const whole = turns ? ((round % 360) + 360) % 360 : Math.min(most, Math.max(least, round));
    field.value = String(Number(whole.toFixed(2)));
    draw();
  }

  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus({ preventScroll: true });
    write(at(event));
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) {
      write(at(event));
    }
  });
  handle.addEventListener("keydown", (event) => {
    if (event.key in KEYS) {
      event.preventDefault();
      const upward = handle.id === "horizon" ? -1 : 1; // its number grows downward
      write((read() ?? first) + KEYS[event.key] * step * upward);
    }
  });
  field.addEventListener("input", draw);
  handle.removeAttribute("hidden"); // an SVG has no property of that name
  draw();
}

const degrees = (value) => _("%(n)s degrees from north", { n: value });

function startDial(dial, field) {
  const arrow = dial.querySelector(".dial-arrow");
  slider(dial, field, {
    least: 0, most: 359, step: 1, first: 0, turns: true, told: degrees,
    at: ({ clientX, clientY }) => {
      const box = dial.getBoundingClientRect();
      const [x, y] = [clientX - box.left - box.width / 2, clientY - box.top - box.height / 2];
      return (Math.atan2(x, -y) * 180) / Math.PI;
    },
    show: (value) => arrow.setAttribute("transform", `rotate(${value})`),
  });
}

const [FOOT, TOP, HIGHEST] = [112, 4, 30]; // of the drawing: the ground, and the highest mast

function startMast(mast, field) {
  const pole = mast.querySelector(".mast-pole");
  const tip = mast.querySelector(".mast-tip");
  slider(mast, field, {
    least: 2, most: HIGHEST, step: 0.5, first: 6, told: (value) => _("%(n)s metres", { n: value }),
    at: ({ clientY }) => {
      const box = mast.getBoundingClientRect();
      const y = ((clientY - box.top) / box.height) * 120;
      return ((FOOT - y) / (FOOT - TOP)) * HIGHEST;
    },
    show: (value) => {
      const y = FOOT - (value / HIGHEST) * (FOOT - TOP);
      pole.setAttribute("d", `M12 ${FOOT}V${y + 12}`);
      tip.setAttribute("transform", `translate(0 ${y + 10})`);
    },
  });
}

function startHorizon(line, field, picture, button) {
  picture.append(line);
  slider(line, field, {
    least: -100, most: 90, step: 0.5, first: 20,
    told: (value) => _("%(n)s percent of the picture from its top", { n: value }),
    at: ({ clientY }) => {
      const box = picture.getBoundingClientRect();
      return ((clientY - box.top) / box.height) * 100;
    },
    // Above the picture the line waits at its edge, where a finger finds it.
    show: (value) => { line.style.top = `${Math.max(0, value)}%`; },
  });
  line.hidden = true;
  button.hidden = false;
  button.addEventListener("click", () => {
    line.hidden = !line.hidden;
    button.setAttribute("aria-pressed", String(!line.hidden));
    if (!line.hidden) {
      picture.scrollIntoView({ block: "center" });
      line.focus({ preventScroll: true });
    }
  });
}

export function startMeasures() {
  const field = (name) => document.querySelector(`input[name=${name}]`);
  const here = (id) => document.getElementById(id);
  startDial(here("dial"), field("bearing"));
  if (here("measures")) {
    startMast(here("mast"), field("mast_height_m"));
    startHorizon(here("horizon"), field("horizon"), here("aim"), here("horizon-show"));
  }
}
