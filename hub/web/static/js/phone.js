// This phone: its service worker, its notifications, the home screen.

import { _, csrf, whose } from "./words.js";

const PHONE_ID = "phone-id";
const TAKE_MS = 3000;

export async function startWorker() {
  if (!("serviceWorker" in navigator) || !csrf) {
    return;
  }
  await navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" });
  const registration = await navigator.serviceWorker.ready;
  registration.active.postMessage({ csrf, whose });
  addEventListener("online", () => registration.active.postMessage({ csrf, whose }));
}

// The hub may be away while the network is not, and then no browser tells that it is back.
export async function sayOwed() {
  const registration = await navigator.serviceWorker?.getRegistration("/");
  registration?.active?.postMessage({ again: true });
}

// Says it to the service worker, which says it to the hub as soon as there is a line; whether the
// hub has it already, or null where there is no service worker.
export async function takeLater(alertId) {
  const registration = await navigator.serviceWorker?.getRegistration("/");
  if (!registration?.active) {
    return null;
  }
  const line = new MessageChannel();
  const told = new Promise((done) => { line.port1.onmessage = (event) => done(event.data); });
  const waited = new Promise((done) => {
    setTimeout(() => done({ isSent: false }), TAKE_MS); // a slow line: the worker goes on trying
  });
  registration.active.postMessage({ take: alertId }, [line.port2]);
  return (await Promise.race([told, waited])).isSent;
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: JSON.stringify(body),
  });
  if (!answer.ok) {
    throw new Error(`${path}: ${answer.status}`);
  }
  return answer.status === 204 ? null : answer.json();
}

export async function subscription() {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    return null;
  }
  const registration = await navigator.serviceWorker.getRegistration("/");
  return registration ? registration.pushManager.getSubscription() : null;
}

function deviceName() {
  const agent = navigator.userAgent;
  const find = (names) => names.find(([mark]) => agent.includes(mark))?.[1];
  const device = find([["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"],
    ["Windows", "Windows"], ["Mac OS", "Mac"], ["Linux", "Linux"]]);
  const browser = find([["Edg/", "Edge"], ["SamsungBrowser", "Samsung"], ["Firefox/", "Firefox"],
    ["Chrome/", "Chrome"], ["Safari/", "Safari"]]);
  return [device, browser].filter(Boolean).join(" · ");
}

async function switchOn() {
  if (await Notification.requestPermission() !== "granted") {
    return;
  }
  const registration = await navigator.serviceWorker.ready;
  const { key } = await (await fetch("/api/push-key")).json();
  const made = await registration.pushManager.subscribe({
    userVisibleOnly: true, applicationServerKey: key,
  });
  const { endpoint, keys } = made.toJSON();
  const { phone_id: phoneId } = await post("/api/phones", { endpoint, keys, label: deviceName() });
  localStorage.setItem(PHONE_ID, phoneId);
}

async function switchOff() {
  const phoneId = localStorage.getItem(PHONE_ID);
  await (await subscription())?.unsubscribe();
  if (phoneId) {
    await post("/api/phones/remove", { phone_id: phoneId }).catch(() => {});
    localStorage.removeItem(PHONE_ID);
  }
}

async function showPush() {
  const state = document.getElementById("push-state");
  const on = document.getElementById("push-on");
  const off = document.getElementById("push-off");
  const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  const isOn = isAble && Notification.permission === "granted" && Boolean(await subscription());
  on.hidden = !isAble || isOn || Notification.permission === "denied";
  off.hidden = !isOn;
  if (!isAble) {
    state.textContent = _("This browser cannot be notified. On an iPhone, install the app first.");
  } else if (Notification.permission === "denied") {
    state.textContent = _("Notifications are blocked for this site. Allow them in the browser's settings.");
  } else {
    state.textContent = isOn
      ? _("This device is told of alerts, even when the app is closed.")
      : _("This device is not told of alerts yet.");
  }
}

function wire(id, act) {
  document.getElementById(id).addEventListener("click", async (event) => {
    event.currentTarget.disabled = true;
    try {
      await act();
      location.reload();
    } catch {
      document.getElementById("push-state").textContent =
        _("That did not work. Check the line and try again.");
      event.target.disabled = false;
    }
  });
}

// Who signs out is told nothing more on this phone: the next to hold it may be somebody else.
function forgetOnSignOut() {
  const form = document.getElementById("logout");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const registration = await navigator.serviceWorker?.getRegistration("/");
    registration?.active?.postMessage({ forget: true });
    await Promise.race([
      switchOff().catch(() => {}), new Promise((done) => { setTimeout(done, 3000); }),
    ]);
    form.submit();
  });
}

export function startSettings() {
  if (!document.getElementById("push-settings")) {
    return;
  }
  wire("push-on", switchOn);
  wire("push-off", switchOff);
  forgetOnSignOut();
  showPush();
  for (const form of document.querySelectorAll("[data-sends-itself]")) {
    form.querySelector("button").hidden = true;
    form.addEventListener("change", () => form.submit());
    if (form.querySelector(":checked:not(:default)")) { // chosen before this script was here
      form.submit();
    }
  }
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    const button = document.getElementById("install-now");
    button.hidden = false;
    button.addEventListener("click", () => event.prompt(), { once: true });
  });
}

export async function hintPush() {
  const hint = document.getElementById("push-hint");
  if (hint && "PushManager" in window) {
    hint.hidden = Notification.permission === "granted" && Boolean(await subscription());
  }
}
