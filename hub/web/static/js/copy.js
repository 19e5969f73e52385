// Buttons that need a script: they copy a text, or print the page. Without script they stay hidden.

import { hear } from "./heard.js";
import { _ } from "./words.js";

const SHOWN_MS = 2000;

async function copy(button, text, words) {
  await navigator.clipboard.writeText(button.dataset.copy);
  text.textContent = _("Copied");
  hear(_("Copied"));
  setTimeout(() => { text.textContent = words; }, SHOWN_MS);
}

export function startCopying() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  if (!navigator.clipboard) {
    return; // only a secure page may copy: the text can be selected
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    const [text] = button.childNodes;
    const words = text.textContent;
    button.hidden = false;
    button.addEventListener("click", () => {
      copy(button, text, words).catch(() => hear(_("Not copied")));
    });
  }
}
