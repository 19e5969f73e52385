// Where the scripts of a page start. Every page works without them; with them it is live.

import { watchList, watchPill } from "./cards.js";
import { fetchList, startDesk } from "./desk.js";
import { rememberDetail, watchClips } from "./detail.js";
import { startLive } from "./live.js";
import { hintPush, startSettings, startWorker } from "./phone.js";
import { startClock } from "./time.js";

const parts = []; // further scripts, of pages with buttons that need them

rememberDetail();
startClock();
startSettings();
startWorker().catch(() => {});
hintPush().catch(() => {});

if (document.getElementById("search")?.offsetParent) { // the bar of a phone shows a link instead
  import("./search.js").then(({ startSearch }) => startSearch());
}

if (document.querySelector("[data-passkey]")) {
  import("./passkeys.js").then(({ startPasskeys }) => startPasskeys());
}

if (document.querySelector("[data-copy], [data-print]")) {
  import("./copy.js").then(({ startCopying }) => startCopying());
}

if (document.querySelector("[data-sheet]")) {
  import("./sheet.js").then(({ startSheet }) => startSheet());
}

if (document.querySelector("select[data-narrow]")) {
  import("./narrow.js").then(({ startNarrowing }) => startNarrowing());
}

if (document.getElementById("bulk")) {
  parts.push(import("./bulk.js").then(({ startBulk }) => startBulk()));
}

if (document.getElementById("hide")) {
  import("./hide.js").then(({ startHide }) => startHide());
}

if (document.getElementById("export")) {
  import("./hide.js").then(({ startHidden }) => startHidden());
}

if (document.getElementById("find")) {
  parts.push(import("./find.js").then(({ startFind }) => startFind()));
}

if (document.getElementById("moment")) {
  parts.push(import("./moment.js").then(({ startMoment }) => startMoment()));
}

if (document.querySelector("#map:not([data-picks])")) {
  import("./map.js").then(({ startMap }) => startMap());
}

if (document.getElementById("aim")) {
  import("./aim.js").then(({ startAim }) => startAim());
} else if (document.querySelector("[data-live]")) {
  import("./liveview.js").then(({ startWatching }) => startWatching());
}

if (document.getElementById("detail")) {
  startDesk();
  watchClips();
  watchPill();
  watchList();
  fetchList().catch(() => {}).finally(startLive);
}

// A button that needs a script is shown when its script is there: no press is lost.
Promise.all(parts).finally(() => { document.documentElement.dataset.scripted = ""; });
