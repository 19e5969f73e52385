// The inbox as the phone keeps it, and what the phone owes the hub: receipts and acknowledgements,
// sent again when the line is back. The hub's inbox is the truth; this is its last copy.

const MOST_OWED = 500; // then the oldest is forgotten

self.addEventListener("message", (event) => {
  event.waitUntil(answer(event.data ?? {}, event.ports[0]));
});

self.addEventListener("sync", (event) => {
  event.waitUntil(sendOwed().then(syncInbox).then(haveNoneOwed));
});

// The browser asks again later only if this fails: the hub itself may just be away.
async function haveNoneOwed() {
  if ((await keys("owed")).length > 0) {
    throw new Error("something is still owed");
  }
}

async function answer(asked, port) {
  if (asked.csrf) { // a page has opened
    await greet(asked);
    await sendOwed();
    await syncInbox().catch(() => {}); // no line: the last copy stays
  } else if (asked.take) {
    port?.postMessage({ isSent: await take(asked.take) });
  } else if (asked.again) {
    await sendOwed();
  } else if (asked.forget) {
    await forgetPerson();
  } else if (asked.inbox) {
    port?.postMessage(await keptInbox());
  }
}

// Somebody else at this phone neither reads what the one before could, nor acts in their name.
async function greet(session) {
  const before = await get("kept", "session").catch(() => null);
  if (before?.whose && session.whose !== before.whose) {
    await forgetPerson();
  }
  await put("kept", "session", session);
}

let turn = Promise.resolve();

// One after the other: what was asked for before somebody left must not come in behind them.
function inTurn(act) {
  turn = turn.then(act, act);
  return turn;
}

const forgetPerson = () => inTurn(() => Promise.all(["inbox", "owed", "kept"].map(clear)));
const syncInbox = () => inTurn(fetchInbox);

async function keptInbox() {
  const owed = new Set(await keys("owed"));
  const rows = (await values("inbox")).map(
    (row) => ({ ...row, isTaking: owed.has(`/alerts/${row.id}/take`) }),
  );
  return { rows, syncedMs: (await get("kept", "inbox"))?.syncedMs ?? null };
}

// Only what has changed since the cursor comes; what the reader may see no longer goes.
async function fetchInbox() {
  if (!(await get("kept", "session"))) {
    return; // nobody is signed in here
  }
  const kept = (await get("kept", "inbox")) ?? { cursor: 0 };
  const told = await fetch(`/api/inbox?since=${kept.cursor}`, {
    credentials: "same-origin", redirect: "manual", headers: { Accept: "application/json" },
  });
  if (told.status === 401) { // what is owed waits until the same person signs in
    await Promise.all([clear("inbox"), drop("kept", "inbox")]);
    return;
  }
  if (!told.ok) {
    return;
  }
  const { alerts, rows, cursor, words_only } = await told.json();
  const seen = new Set(alerts);
  const inWords = new Set(words_only); // a right may begin or end while the alert stays as it is
  await inStore("inbox", "readwrite", (store) => {
    rows.forEach((row) => store.put(row, row.id));
    const request = store.getAll();
    request.onsuccess = () => request.result.forEach((row) => {
      if (!seen.has(row.id)) {
        store.delete(row.id);
      } else if (row.words_only !== inWords.has(row.id)) {
        store.put({ ...row, words_only: inWords.has(row.id) }, row.id);
      }
    });
    return request;
  });
  await put("kept", "inbox", { cursor, syncedMs: Date.now() });
}

// True once the hub has it; without a line it is owed, and sent when there is one.
async function take(alertId) {
  const path = `/alerts/${alertId}/take`;
  await owe(path);
  return !(await keys("owed")).includes(path);
}

async function owe(path) {
  await put("owed", path, { at: Date.now() }).catch(() => {});
  const all = await keys("owed").catch(() => []);
  if (all.length > MOST_OWED) {
    await drop("owed", all[0]);
  }
  await sendOwed();
  if ((await keys("owed").catch(() => [])).length > 0) {
    await self.registration.sync?.register("owed").catch(() => {}); // where the browser has it
  }
}

let sending = Promise.resolve();

// One after the other: a page that opens and a line that is back would each send the same.
function sendOwed() {
  sending = sending.then(sendAll, sendAll);
  return sending;
}

async function sendAll() {
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
  if (!answer.ok) {
    return { csrf: "" }; // nobody is signed in; what is kept is still that of who was
  }
  const now = await answer.json();
  await greet(now).catch(() => {});
  return now;
}

async function post(path) {
  let answer = null;
  for (const isFresh of [false, true]) {
    const { csrf } = await session(isFresh);
    if (!csrf) {
      return { status: 401 };
    }
    if (!(await keys("owed")).includes(path)) {
      return null; // somebody else is signed in now
    }
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
