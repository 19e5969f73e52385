// The sheet of codes hears which box has connected.

import { hear } from "./heard.js";
import { listen } from "./stream.js";
import { _ } from "./words.js";

const main = document.querySelector("[data-sheet]");

function show(id, name, state, label) {
  const chip = document.querySelector(`[data-code="${CSS.escape(id)}"]`);
  if (!chip || chip.dataset.state === state) {
    return;
  }
  const looks = document.getElementById("looks").content;
  const look = looks.querySelector(`[data-look="${CSS.escape(state)}"]`).cloneNode(true);
  chip.className = look.className;
  chip.dataset.state = state;
  look.lastElementChild.textContent = label;
  chip.replaceChildren(...look.childNodes);
  if (state === "connected") {
    hear(_("%(name)s has connected", { name }));
  }
}

export function startSheet() {
  const stream = listen({
    address: () => `/enrolments/sheets/${main.dataset.sheet}/events`,
    hears: {
      progress: (event) => {
        const told = JSON.parse(event.data);
        document.getElementById("progress").textContent = told.summary;
        for (const [id, [name, state, label]] of Object.entries(told.codes)) {
          show(id, name, state, label);
        }
      },
      over: () => stream.close(),
    },
  });
}
