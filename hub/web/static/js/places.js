// The numbers beside the places: what waits, also on a page that stays open for hours.

import { _ } from "./words.js";

// By the addresses of the places; at one that is not named nothing waits.
export function showWaiting(numbers) {
  for (const link of document.querySelectorAll(".places a")) {
    const number = numbers[link.getAttribute("href")] ?? 0;
    link.querySelector(".waiting")?.remove();
    if (number > 0) {
      link.append(mark(number));
    }
  }
}

function mark(number) {
  const shown = document.createElement("span");
  const heard = document.createElement("span");
  shown.className = "waiting";
  heard.className = "only-heard";
  heard.textContent = _("waiting");
  shown.append(number, " ", heard);
  return shown;
}
