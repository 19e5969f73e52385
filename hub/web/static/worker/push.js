// The service worker: shows every push at once, says so to the hub, opens what is tapped.
// The hub puts `told` (the version of the site), store.js and inbox.js in front of this file.

const SHELL = `shell-${told.version}`;
const STATIC = `/static/${told.version}`;
const SHELL_FILES = ["/offline", `${STATIC}/app.css`, `${STATIC}/icons/eye.svg`,
  `${STATIC}/js/offline.js`, `${STATIC}/js/words.js`];
const WEEK_MS = 7 * 24 * 3600 * 1000;
const SHOWN_WITHIN_MS = 10_000; // a push that was noted is shown by then, or never
const TAKE_MS = 2500; // a window may be opened only for a few seconds after the tap

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(SHELL).then((cache) => cache.addAll(SHELL_FILES)).then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([dropOldShells(), forgetOld(), self.clients.claim()]));
});

async function dropOldShells() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name)));
}

// The offline page and its looks are kept as files; the inbox is in the store, without pictures.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  } else if (SHELL_FILES.includes(path)) {
    event.respondWith(caches.match(path).then((kept) => kept ?? fetch(request)));
  }
});

async function forgetOld() {
  for (const name of ["seen", "latest"]) {
    for (const key of await keys(name)) {
      const { at } = await get(name, key);
      if (Date.now() - at > WEEK_MS) {
        await drop(name, key);
      }
    }
  }
}

// --- a push ---

self.addEventListener("push", (event) => {
  event.waitUntil(show(read(event.data)));
});

function read(data) {
  try {
    return data.json();
  } catch {
    return {}; // something must be shown for every push, or the phone takes the permission away
  }
}

async function show(message) {
  const known = await remembered(message).catch(() => ({ id: null, isRepeat: false, newer: null }));
  const { title, body } = known.newer ?? message;
  const isFirst = ["opened", "raised", "again", "handed", "digest", "test"].includes(message.moment);
  const isLoud = isFirst && !known.isRepeat && !known.newer;
  await self.registration.showNotification(title ?? "Mắt Thần", {
    body: body ?? "",
    tag: message.tag ?? "matthan",
    renotify: isLoud,
    silent: Boolean(message.silent) || known.isRepeat || Boolean(known.newer),
    requireInteraction: isLoud,
    icon: `${STATIC}/icons/eye-192.png`,
    badge: `${STATIC}/icons/badge-96.png`,
    lang: message.lang ?? "vi",
    actions: actions(message),
    data: {
      notificationId: message.notification_id, testId: message.test_id, alertId: message.alert_id, url: message.url ?? "/",
    },
  });
  if (known.id) {
    await exchange("seen", known.id, (noted) => ({ ...noted, isShown: true })).catch(() => {});
  }
  if (message.notification_id) {
    await owe(`/api/notifications/${message.notification_id}/shown`);
  } else if (message.check_id) {
    await owe(`/api/checks/${message.check_id}/shown`);
  } else if (message.test_id) {
    await owe(`/api/tests/${message.test_id}/shown`);
  }
  await syncInbox().catch(() => {}); // what the phone keeps is what the hub has, not what was pushed
}

// The same push may come twice, and an old one late: neither may wake anybody or undo a newer word.
// Looking and noting is one transaction, or two pushes at once would both be the first.
async function remembered(message) {
  const { notification_id: noted, test_id: id = noted, alert_id: alertId, revision, title, body } = message;
  const before = id && await exchange("seen", id, (known) => (
    isNew(known) ? { at: Date.now(), isShown: false } : known
  ));
  const isRepeat = Boolean(id) && !isNew(before);
  const latest = alertId && await exchange("latest", alertId, (known) => (
    known && known.revision > revision ? known : { at: Date.now(), revision, title, body }
  ));
  return { id, isRepeat, newer: latest && latest.revision > revision ? latest : null };
}

// Also if the worker ended after noting the push and before showing it: nobody has heard of it.
function isNew(known) {
  return !known || (known.isShown === false && Math.abs(Date.now() - known.at) > SHOWN_WITHIN_MS);
}

function actions(message) {
  if (!["opened", "raised", "grown", "again", "handed"].includes(message.moment)) {
    return [];
  }
  const open = { action: "open", title: message.open_label ?? "Xem" };
  if (message.take_label === "") { // told of it without the right to see it
    return [open];
  }
  return [{ action: "take", title: message.take_label ?? "Tiếp nhận" }, open];
}

// --- a tap ---

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(tapped(event.action, event.notification.data ?? {}));
});

async function tapped(action, data) {
  if (action === "take" && data.alertId) {
    const taking = take(data.alertId);
    await Promise.race([taking, new Promise((done) => { setTimeout(done, TAKE_MS); })]);
  }
  await open(data.url ?? "/");
  if (data.notificationId) {
    await owe(`/api/notifications/${data.notificationId}/opened`);
  } else if (data.testId) {
    await owe(`/api/tests/${data.testId}/opened`);
  }
}

async function open(url) {
  const target = new URL(url, self.location.origin);
  const address = target.origin === self.location.origin ? target.href : self.location.origin;
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const page of windows) {
    try {
      const focused = await page.focus();
      await focused.navigate(address);
      return;
    } catch {
      // that window may not be steered from here
    }
  }
  await self.clients.openWindow(address).catch(() => {});
}

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(subscribeAnew());
});

async function subscribeAnew() {
  const { key } = await (await fetch("/api/push-key", { credentials: "same-origin" })).json();
  const made = await self.registration.pushManager.subscribe({
    userVisibleOnly: true, applicationServerKey: key,
  });
  const { endpoint, keys: pair } = made.toJSON();
  const { csrf } = await session(true);
  await fetch("/api/phones", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify({ endpoint, keys: pair, label: "" }),
  });
}
