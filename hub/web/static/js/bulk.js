// Many alerts at once: counts those chosen, and closes many in parts, which shows how far it is.

import { toast } from "./heard.js";
import { _ } from "./words.js";

const PART = 50; // closed by one request

function form() {
  return document.getElementById("bulk");
}

function chosen() {
  return new FormData(form()).getAll("alert");
}

function showChosen() {
  const shown = form()?.querySelector("[data-chosen]");
  const text = _("%(n)d chosen", { n: form() ? chosen().length : 0 });
  if (shown && !form().inert && shown.textContent !== text) {
    shown.textContent = text;
  }
}

function chooseAll() {
  for (const box of document.querySelectorAll(".card[data-critical='0'] [name=alert]")) {
    box.checked = true;
  }
  showChosen();
}

async function closePart(said, alertIds) {
  const body = new URLSearchParams(said);
  alertIds.forEach((id) => body.append("alert", id));
  const headers = { Accept: "application/json" };
  const answer = await fetch(form().action, { method: "POST", headers, body });
  if (!answer.ok) {
    throw new Error(`close: ${answer.status}`);
  }
  return answer.json();
}

async function closeInParts(end) {
  const said = new FormData(form());
  const alertIds = chosen();
  said.delete("alert");
  said.set("end", end);
  form().inert = true;
  const parts = [];
  for (let at = 0; at < alertIds.length; at += PART) {
    const shown = form().querySelector("[data-chosen]");
    shown.textContent = _("Closing: %(n)d of %(all)d", { n: at, all: alertIds.length });
    parts.push(await closePart(said, alertIds.slice(at, at + PART)));
  }
  const closed = parts.filter((part) => part.last_utc_us > 0);
  const first = closed.length ? Math.min(...closed.map((part) => part.first_utc_us)) : 0;
  const last = Math.max(...parts.map((part) => part.last_utc_us));
  const kept = parts.reduce((sum, part) => sum + part.kept, 0);
  const asked = new URLSearchParams(location.search);
  ["select", "after"].forEach((name) => asked.delete(name));
  asked.set("bulk", `${first}.${last}.${kept}`);
  location.assign(`/?${asked}`);
}

// What is closed by then is not closed anew: whoever presses again goes on with the rest.
function failed() {
  toast(_("That did not reach the hub. Try again."));
  form().inert = false;
  showChosen();
}

export function startBulk() {
  document.addEventListener("change", showChosen);
  document.addEventListener("click", ({ target }) => target.closest("[data-choose-all]") && chooseAll());
  document.addEventListener("submit", (event) => {
    if (event.target === form() && chosen().length > PART) {
      event.preventDefault();
      closeInParts(event.submitter.value).catch(failed);
    }
  });
  new MutationObserver(showChosen).observe(document.getElementById("main"), {
    childList: true, subtree: true,
  });
  showChosen();
}
