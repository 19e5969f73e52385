// A camera's present, picture after picture. Each ask keeps the watching alive; a page that is
// hidden or left asks no more and says so, so that nothing is sent that nobody sees.

import { hear } from "./heard.js";
import { _, csrf } from "./words.js";

const LOST_MS = 5000; // pictures come once a second
const AGAIN_MS = 1000; // after a failed ask
const root = document.documentElement;
const ahead = Number(root.dataset.nowMs) - Date.now(); // the hub's clock, not the phone's
const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  timeZone: root.dataset.zone,
});
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export function startWatching(onPicture = () => {}) {
  const place = document.querySelector("[data-live]");
  const state = document.querySelector("[data-live-state]");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", place.dataset.label);
  let number = 0;
  let takenMs = null; // by performance.now()
  let camera = "well";
  let isOver = false;
  let isAsking = false;
  let isLeaving = false;
  let said = "";

  function show(token, text, aloud) {
    const status = document.getElementById("live-state");
    status.className = `status is-${token}`;
    state.textContent = text;
    if (aloud !== said) {
      said = aloud;
      hear(text); // once for each change, not once a second
    }
  }

  function tick() {
    if (isOver) {
      return;
    }
    const ageMs = takenMs === null ? null : performance.now() - takenMs;
    if (ageMs === null) {
      show("muted", _("No picture yet"), "none");
    } else if (ageMs > LOST_MS) {
      const age = { n: Math.round(ageMs / 1000) };
      show("open", ["offline", "silent"].includes(camera)
        ? _("Picture lost: the last one is %(n)d s old, and the camera box is silent", age)
        : _("Picture lost: the last one is %(n)d s old", age), "lost");
    } else {
      show("resolved", _("Live, %(n)d s old", { n: Math.round(ageMs / 1000) }), "live");
    }
  }

  async function draw(answer) {
    const bitmap = await createImageBitmap(await answer.blob());
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    if (!canvas.isConnected) {
      place.replaceChildren(canvas);
    }
    onPicture(canvas);
  }

  function over(text) {
    isOver = true;
    show("muted", text, "over");
    place.replaceChildren();
  }

  async function ask() {
    const answer = await fetch(`${place.dataset.live}/picture?after=${number}`, {
      cache: "no-store", headers: { Accept: "image/jpeg" },
    });
    if (answer.status === 401 || answer.status === 404) {
      over(_("You may no longer watch this camera."));
      return;
    }
    camera = answer.headers.get("Camera-State") ?? camera;
    if (answer.status === 503 || answer.status === 429) {
      await pause(5 * AGAIN_MS);
      return;
    }
    const watchers = Number(answer.headers.get("Watchers"));
    document.querySelector("[data-live-watchers]").textContent = watchers === 1
      ? _("Only you watch") : _("%(n)d people watch", { n: watchers });
    if (answer.status !== 200) {
      return;
    }
    const next = Number(answer.headers.get("Picture-Number"));
    const ageMs = Number(answer.headers.get("Picture-Age-Ms"));
    await draw(answer);
    number = next;
    takenMs = performance.now() - ageMs;
    document.querySelector("[data-live-time]").textContent =
      clock.format(Date.now() + ahead - ageMs);
  }

  async function watch() {
    if (isAsking) {
      return;
    }
    isAsking = true;
    while (!isOver && !isLeaving && !document.hidden) {
      try {
        await ask();
      } catch {
        number = 0; // a hub that began anew counts anew
        await pause(AGAIN_MS);
      }
      tick();
    }
    isAsking = false;
  }

  function leave() {
    fetch(`${place.dataset.live}/end`, {
      method: "POST", keepalive: true, body: new URLSearchParams({ csrf }),
    }).catch(() => {}); // without a line it ends by itself
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      leave();
    } else {
      number = 0;
      watch();
    }
  });
  addEventListener("pagehide", leave);
  // A page that goes may lose its last word on the way through the service worker: said sooner.
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[href]") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      isLeaving = true;
      leave();
      setTimeout(() => { isLeaving = false; watch(); }, 5 * AGAIN_MS); // if it stays after all
    }
  });
  setInterval(tick, 500);
  watch();
}
