// The service worker: shows every push at once, says so to the hub, opens what is tapped.
// The hub puts `told` (the version of the site) in front of this file.

const SHELL = `shell-${told.version}`;
const STATIC = `/static/${told.version}`;
const SHELL_FILES = ["/offline", `${STATIC}/app.css`, `${STATIC}/icons/eye.svg`];
const WEEK_MS = 7 * 24 * 3600 * 1000;
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

// Only the offline page and its looks are kept here; no picture, no page about anybody.
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("/offline")));
  } else if (SHELL_FILES.includes(path)) {
    event.respondWith(caches.match(path).then((kept) => kept ?? fetch(request)));
  }
});

self.addEventListener("message", (event) => {
  event.waitUntil(put("kept", "session", event.data).then(sendOwed));
});

// --- what is remembered between two pushes ---

function openStore() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("matthan", 1);
    request.onupgradeneeded = () => {
      for (const name of ["seen", "latest", "owed", "kept"]) {
        request.result.createObjectStore(name);
      }
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function inStore(name, mode, act) {
  const store = await openStore();
  try {
    return await new Promise((resolve, reject) => {
      const work = store.transaction(name, mode);
      const request = act(work.objectStore(name));
      work.oncomplete = () => resolve(request.result);
      work.onerror = () => reject(work.error);
      work.onabort = () => reject(work.error);
    });
  } finally {
    store.close();
  }
}

const get = (name, key) => inStore(name, "readonly", (store) => store.get(key));
const put = (name, key, value) => inStore(name, "readwrite", (store) => store.put(value, key));
const drop = (name, key) => inStore(name, "readwrite", (store) => store.delete(key));
const keys = (name) => inStore(name, "readonly", (store) => store.getAllKeys());

// Puts `next(what was there)` in its place; what was there.
function exchange(name, key, next) {
  return inStore(name, "readwrite", (store) => {
    const request = store.get(key);
    request.onsuccess = () => store.put(next(request.result), key);
    return request;
  });
}

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
  const known = await remembered(message).catch(() => ({ isRepeat: false, newer: null }));
  const { title, body } = known.newer ?? message;
  const isFirst = message.moment === "opened" || message.moment === "digest";
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
      notificationId: message.notification_id, alertId: message.alert_id, url: message.url ?? "/",
    },
  });
  if (message.notification_id) {
    await owe(`/api/notifications/${message.notification_id}/shown`);
  }
}

// The same push may come twice, and an old one late: neither may wake anybody or undo a newer word.
// Looking and noting is one transaction, or two pushes at once would both be the first.
async function remembered(message) {
  const { notification_id: id, alert_id: alertId, revision, title, body } = message;
  const isRepeat = Boolean(id && await exchange("seen", id, (known) => known ?? { at: Date.now() }));
  const latest = alertId && await exchange("latest", alertId, (known) => (
    known && known.revision > revision ? known : { at: Date.now(), revision, title, body }
  ));
  return { isRepeat, newer: latest && latest.revision > revision ? latest : null };
}

function actions(message) {
  if (message.moment !== "opened" && message.moment !== "grown") {
    return [];
  }
  return [
    { action: "take", title: message.take_label ?? "Tiếp nhận" },
    { action: "open", title: message.open_label ?? "Xem" },
  ];
}

// --- what the hub is owed: receipts, sent again when the line is back ---

async function owe(path) {
  await put("owed", path, { at: Date.now() }).catch(() => {});
  await sendOwed();
}

async function sendOwed() {
  for (const path of await keys("owed").catch(() => [])) {
    const answer = await post(path).catch(() => null);
    if (answer === null) {
      return; // no line
    }
    if (answer.status !== 401 && answer.status < 500) {
      await drop("owed", path);
    }
  }
}

async function session(isFresh) {
  const kept = isFresh ? null : await get("kept", "session").catch(() => null);
  if (kept) {
    return kept;
  }
  const answer = await fetch("/api/session", { credentials: "same-origin" });
  const now = answer.ok ? await answer.json() : { csrf: "" };
  await put("kept", "session", now).catch(() => {});
  return now;
}

async function post(path) {
  let answer = null;
  for (const isFresh of [false, true]) {
    const { csrf } = await session(isFresh);
    answer = await fetch(path, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: { "X-CSRF-Token": csrf, Accept: "application/json" },
      body: new URLSearchParams({ csrf }),
    });
    if (answer.status !== 403) {
      break;
    }
  }
  return answer;
}

// --- a tap ---

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(tapped(event.action, event.notification.data ?? {}));
});

async function tapped(action, data) {
  if (action === "take" && data.alertId) {
    const taking = post(`/alerts/${data.alertId}/take`).catch(() => null);
    await Promise.race([taking, new Promise((done) => { setTimeout(done, TAKE_MS); })]);
  }
  await open(data.url ?? "/");
  if (data.notificationId) {
    await owe(`/api/notifications/${data.notificationId}/opened`);
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
