// The service worker: pages come from the house, and without a connection one page stands in for
// them. Nothing private is ever kept: only that page and what it is made of.
import { parse } from "/static/code.js";
import { add, keepNews, send, waiting } from "/static/queue.js";

const KEPT = "shell";
const OFFLINE = "/offline";
const SHELL = [
  OFFLINE,
  "/static/irl.css",
  "/static/icon.svg",
  "/static/times.js",
  "/static/always.js",
  "/static/queue.js",
  "/static/code.js",
  "/static/scan.js",
  "/static/offline.js",
];
const PATIENCE_MS = 10_000;
const BASE = self.location.origin;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((kept) => kept.addAll(SHELL))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(tidy()));

async function tidy() {
  const kept = await caches.open(KEPT);
  for (const request of await kept.keys()) {
    const { pathname, search } = new URL(request.url);
    if (!SHELL.includes(pathname + search)) await kept.delete(request);
  }
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== BASE) return;
  if (request.mode !== "navigate") {
    if (SHELL.includes(pathname + search)) event.respondWith(shell(request));
  } else if (request.method === "GET") {
    event.respondWith(page(event));
  } else if (request.method === "POST" && isOurs(request)) {
    event.respondWith(form(request, pathname));
  }
});

// A form of another site must reach the house as such, with the headers that say where it comes
// from; sent on from here it might look like one of ours. No page can pretend to our referrer.
const isOurs = (request) => request.referrer.startsWith(`${BASE}/`);

const shell = async (request) => (await caches.match(request)) ?? fetch(request);
const standIn = async () => (await caches.match(OFFLINE)) ?? Response.error();

async function page(event) {
  const answer = (async () => (await event.preloadResponse) ?? fetch(event.request))();
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  try {
    return (await Promise.race([answer, patience])) ?? (await standIn());
  } catch {
    return standIn();
  } finally {
    answer.catch(() => {});
  }
}

// A form that cannot be sent: codes that somebody has said yes to wait, under the nonces that the
// house gives them itself, in case it had them and only its answer was lost.
async function form(request, path) {
  const spare = request.clone();
  try {
    return await fetch(request);
  } catch {
    const scans = await scansOf(spare, path).catch(() => []);
    if (!scans.length) return standIn();
    await add(scans);
    await self.registration.sync?.register("scans").catch(() => {});
    return Response.redirect(OFFLINE, 303);
  }
}

async function scansOf(request, path) {
  const plain = (request.headers.get("Content-Type") ?? "").startsWith("application/x-www-form");
  const said = plain ? await request.formData() : new FormData();
  const ofPage = /^\/[tT]\/([^/]+)$/.exec(path);
  const payloads = ofPage ? [decodeURIComponent(ofPage[1])] : path === "/scan" ? said.getAll("code") : [];
  const codes = payloads.map((payload) => parse(payload, BASE));
  if (!said.get("nonce") || codes.some((code) => code === null || code === "foreign")) return [];
  const nonce = said.get("nonce").slice(0, 60);
  return [...new Set(codes)].map((payload, n) => ({ payload, nonce: `${nonce}-${n}` }));
}

self.addEventListener("sync", (event) => {
  if (event.tag === "scans") event.waitUntil(sendWaiting());
});

async function sendWaiting() {
  await keepNews(await send());
  if ((await waiting()).length) throw new Error("no connection yet"); // tried again later
}

// A page in another language than the kept one: keep that one.
self.addEventListener("message", (event) => event.waitUntil(speak(event.data?.language)));

async function speak(language) {
  const kept = await caches.open(KEPT);
  const page = await kept.match(OFFLINE);
  if (!language || page?.headers.get("Content-Language") === language) return;
  const other = await fetch(OFFLINE, { cache: "reload" });
  if (other.ok) await kept.put(OFFLINE, other);
}
