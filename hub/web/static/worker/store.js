// What the service worker remembers: small values in IndexedDB, by name and key.

function openStore() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("matthan", 2);
    request.onupgradeneeded = () => {
      for (const name of ["seen", "latest", "owed", "kept", "inbox"]) {
        if (!request.result.objectStoreNames.contains(name)) {
          request.result.createObjectStore(name);
        }
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

const values = (name) => inStore(name, "readonly", (store) => store.getAll());
const clear = (name) => inStore(name, "readwrite", (store) => store.clear());
