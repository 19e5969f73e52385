// What becomes of a test alert, as the phones and their services say it; and whether this device
// could be told at all.

import { subscription } from "./phone.js";
import { _ } from "./words.js";

const EVERY_MS = 1000;
const LOOKS = 150; // a service is tried for two minutes
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

async function sayHere(place) {
  let said = "";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    said = _("This browser cannot be notified. On an iPhone, install the app first.");
  } else if (Notification.permission === "denied") {
    said = _("Notifications are blocked for this site. Allow them in the browser's settings.");
  } else if (Notification.permission !== "granted" || !(await subscription())) {
    said = _("This device is not told of alerts yet.");
  }
  place.querySelector("[data-said]").textContent = said;
  place.hidden = said === "";
}

async function follow(section) {
  for (let look = 0; look < LOOKS; look += 1) {
    await pause(EVERY_MS);
    if (document.hidden) {
      continue;
    }
    const answer = await fetch(section.dataset.test, { credentials: "same-origin" }).catch(() => null);
    if (answer?.status === 401 || answer?.status === 404) {
      return;
    }
    if (!answer?.ok) {
      continue; // no line: asked again
    }
    const part = document.createElement("template");
    part.innerHTML = await answer.text();
    const next = part.content.querySelector("#aim-test-state");
    const here = section.querySelector("#aim-test-state");
    if (next && next.textContent !== here.textContent) {
      here.replaceChildren(...next.childNodes);
    }
  }
}

export async function startTest() {
  const section = document.getElementById("test");
  const here = document.getElementById("test-here");
  if (here) { // some phone of theirs is told; whether it is this one
    await sayHere(here);
  }
  if (new URLSearchParams(location.search).get("tested") === "sent") {
    await follow(section);
  }
}
