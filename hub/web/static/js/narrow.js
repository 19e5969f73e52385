// A field above a long choice, such as that of a camera: what one types there narrows the choice,
// with or without accents. Without script the choice is whole.

import { hear } from "./heard.js";
import { _ } from "./words.js";

const LEAST = 12; // a shorter choice is read faster than typed

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[đĐ]/g, "d")
  .toLowerCase().replace(/\s+/g, " ").trim();

function narrow(select, all, typed) {
  const wanted = fold(typed);
  const found = all.filter((one) => one.value && fold(one.text).includes(wanted));
  const now = select.value;
  const isUsed = wanted && found.length;
  select.replaceChildren(...(isUsed ? found : all));
  const isThere = [...select.options].some((one) => one.value === now && (now || !isUsed));
  select.value = isThere ? now : select.options[0].value;
  return found.length;
}

function field(select) {
  const all = [...select.options];
  const name = select.labels[0]?.firstChild.textContent.trim() ?? "";
  const label = document.createElement("label");
  const input = document.createElement("input");
  label.className = "field";
  input.type = "search";
  input.autocomplete = "off";
  input.addEventListener("input", () => {
    const found = narrow(select, all, input.value);
    input.setAttribute("aria-invalid", String(!found));
    hear(found ? _("%(n)d results", { n: found }) : _("Nothing."));
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault(); // the form is not complete yet
      select.focus();
    }
  });
  label.append(_("%(name)s: type a part of the name", { name }), input);
  return label;
}

export function startNarrowing() {
  for (const select of document.querySelectorAll("select[data-narrow]")) {
    if (select.options.length > LEAST) {
      (select.closest("label") ?? select.labels[0] ?? select).before(field(select));
    }
  }
}
