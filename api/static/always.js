// On every page: has the phone keep what opens without a connection, and sends the scans that wait.
import { send, takeNews, waiting } from "/static/queue.js";

const FIRST_WAIT_MS = 1_000;
const LAST_WAIT_MS = 60_000;
const news = document.getElementById("news");

function tell(said) {
  for (const text of said) {
    const note = document.createElement("p");
    note.className = "note good";
    note.textContent = text;
    news.append(note);
  }
}

// What the worker sent, while no page was open or before this one could.
const tellNews = async () => tell(await takeNews());

// A connection is often told of before it carries anything, so the first tries follow each other
// closely.
let again, wait_ms;
async function sendWaiting() {
  clearTimeout(again);
  if (navigator.onLine) tell(await send());
  if (!(await waiting()).length) return;
  again = setTimeout(() => sendWaiting().catch(() => {}), wait_ms);
  wait_ms = Math.min(2 * wait_ms, LAST_WAIT_MS);
}

async function start() {
  wait_ms = FIRST_WAIT_MS;
  await tellNews();
  if ((await waiting()).length) await sendWaiting();
}

if (globalThis.indexedDB) {
  const startOver = () => start().catch(() => {});
  startOver();
  for (const event of ["online", "flattr:send"]) addEventListener(event, startOver);
  addEventListener("flattr:changed", () => document.hidden || tellNews().catch(() => {}));
  document.addEventListener("visibilitychange", () => document.hidden || startOver());
}

if ("serviceWorker" in navigator) {
  addEventListener("load", async () => {
    try {
      await navigator.serviceWorker.register("/sw.js", { type: "module", scope: "/" });
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage({ language: document.documentElement.lang });
    } catch {
      // A browser that cannot keep pages shows them all the same.
    }
  });
}
