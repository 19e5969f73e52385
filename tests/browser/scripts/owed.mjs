// What a phone owes: when somebody else signs in there while it is sent, while the hub is away, and
// when the session has ended.

import assert from "node:assert";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const stores = {
  owed: new Map([["/alerts/1/take", {}], ["/alerts/2/take", {}]]),
  kept: new Map([["session", { csrf: "a's", whose: "a" }]]),
  inbox: new Map(),
};
const sent = [];
const hear = {};
let arrive = null;
let status = 204;
let inbox = 500;

const worker = vm.createContext({
  self: { addEventListener: (name, act) => { hear[name] = act; } },
  URLSearchParams,
  get: async (name, key) => stores[name].get(key),
  put: async (name, key, value) => { stores[name].set(key, value); },
  drop: async (name, key) => { stores[name].delete(key); },
  keys: async (name) => [...stores[name].keys()],
  clear: async (name) => { stores[name].clear(); },
  fetch: async (path, asked) => {
    if (asked.method !== "POST") {
      return { ok: false, status: path.startsWith("/api/inbox") ? inbox : 500 };
    }
    sent.push([path, asked.headers["X-CSRF-Token"]]);
    await new Promise((done) => { arrive = done; });
    return { status };
  },
});
vm.runInContext(readFileSync(`${process.argv[2]}/worker/inbox.js`, "utf8"), worker);

const sending = worker.sendOwed();
while (!arrive) {
  await new Promise(setImmediate);
}
const opened = worker.answer({ csrf: "b's", whose: "b" }, []);
while (stores.kept.get("session")?.whose !== "b") {
  await new Promise(setImmediate);
}
arrive();
const done = Promise.all([sending, opened]).then(() => true);
for (let turns = 0; turns < 100; turns += 1) {
  arrive();
  await new Promise(setImmediate);
}
assert(await Promise.race([done, false]), "it has ended");
assert.deepEqual(sent, [["/alerts/1/take", "a's"]]);

stores.owed.set("/alerts/3/take", {});
const synced = () => new Promise((done) => {
  hear.sync({ waitUntil: (all) => all.then(() => done(true), () => done(false)) });
});
arrive = null;
for (const [said, ends] of [[503, false], [204, true]]) {
  status = said;
  const once = synced();
  for (let turns = 0; turns < 100; turns += 1) {
    arrive?.();
    await new Promise(setImmediate);
  }
  assert.equal(await Promise.race([once, null]), ends, `the browser asks again after ${said}`);
}
assert.equal(stores.owed.size, 0);

stores.kept.set("session", { csrf: "b's", whose: "b" });
stores.inbox.set("1", {});
[status, inbox] = [401, 401];
async function ask(asked) {
  const answered = Promise.resolve(worker.answer(asked, [])).then(() => true);
  for (let turns = 0; turns < 100; turns += 1) {
    arrive?.();
    await new Promise(setImmediate);
  }
  assert(await Promise.race([answered, false]), "it has ended");
}
stores.owed.set("/alerts/4/take", {});
await ask({ csrf: "b's", whose: "b" });
assert.deepEqual([stores.inbox.size, [...stores.owed.keys()]], [0, ["/alerts/4/take"]]);
sent.length = 0;
status = 204;
await ask({ csrf: "b's new", whose: "b" });
assert.deepEqual(sent, [["/alerts/4/take", "b's new"]]);
stores.owed.set("/alerts/5/take", {});
await ask({ csrf: "c's", whose: "c" });
assert.equal(sent.length, 1, "who signs in instead does not send it");
