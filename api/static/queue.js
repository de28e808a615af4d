// Scans that wait on this phone until there is a connection. Each has a nonce, so sending one
// again is harmless, and it is forgotten here only once the house has answered.
const MOST = 500;

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("flattr", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("scans", { keyPath: "nonce" });
      asked.result.createObjectStore("news", { autoIncrement: true });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

// Does something with a store in one transaction; gives what the request gave once it is done.
async function within(store, mode, work) {
  const base = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = base.transaction(store, mode);
      const asked = work(transaction.objectStore(store));
      transaction.oncomplete = () => resolve(asked?.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    base.close();
  }
}

// Pages and the worker tell each other when something of it has changed.
const channel = new BroadcastChannel("flattr");
const changed = () => globalThis.dispatchEvent(new Event("flattr:changed"));
channel.onmessage = changed;

function tell() {
  channel.postMessage(null);
  changed();
}

export async function add(scans) {
  const scanned_at = new Date().toISOString();
  await within("scans", "readwrite", (store) => {
    for (const scan of scans) store.put({ nonce: crypto.randomUUID(), scanned_at, ...scan });
  });
  tell();
}

export const waiting = () => within("scans", "readonly", (store) => store.getAll());

export async function forget(nonces) {
  await within("scans", "readwrite", (store) => {
    for (const nonce of nonces) store.delete(nonce);
  });
  tell();
}

// Sends all that waits; gives the house's sentences about it. One sender at a time, in all tabs.
export const send = () =>
  navigator.locks ? navigator.locks.request("flattr-send", sendAll) : sendAll();

async function sendAll() {
  const said = [];
  let most = MOST;
  for (;;) {
    const scans = (await waiting()).slice(0, most);
    if (!scans.length) return said;
    const nonces = scans.map((scan) => scan.nonce);
    let answer, told;
    try {
      answer = await fetch("/scan/queue", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ scans }),
      });
      told = await answer.json();
    } catch {
      return said; // no connection, or somebody else answered in its place
    }
    if (answer.ok && told.scans?.length === scans.length) {
      said.push(told.said);
    } else if (answer.status === 422 && most > 1) {
      most = 1; // one of them is damaged: find it, so that it does not hold up the others
      continue;
    } else if (answer.status === 422) {
      said.push(told.detail);
    } else {
      return said;
    }
    await forget(nonces);
  }
}

// What became of scans that the worker sent; a page that is open takes it at once.
export async function keepNews(said) {
  await within("news", "readwrite", (store) => {
    for (const text of said) store.add(text);
  });
  if (said.length) tell();
}

export async function takeNews() {
  let news = [];
  await within("news", "readwrite", (store) => {
    const asked = store.getAll();
    asked.onsuccess = () => {
      news = asked.result;
      store.clear();
    };
  });
  return news;
}
