// The page without a connection: codes wait here, and are sent as soon as there is one.
import { grouped, parse } from "/static/code.js";
import { add, forget, waiting } from "/static/queue.js";

const page = document.querySelector("[data-offline]");
const base = page.dataset.base;
const offer = document.getElementById("offer");
const typing = document.getElementById("typing");
const list = document.getElementById("waiting");

async function keep(codes) {
  await add(codes.map((payload) => ({ payload })));
  const registered = await navigator.serviceWorker?.ready.catch(() => null);
  await registered?.sync?.register("scans").catch(() => {});
  dispatchEvent(new Event("flattr:send"));
}

// The address says which codes stood before the camera when there was no connection.
function asked() {
  const ofPage = /^\/t\/([^/]+)\/?$/i.exec(location.pathname);
  const payloads = ofPage ? [ofPage[1]] : new URLSearchParams(location.search).getAll("code");
  const codes = payloads.map((payload) => parse(payload, base));
  return [...new Set(codes.filter((code) => code && code !== "foreign"))];
}

function filled(template, code) {
  const row = template.content.cloneNode(true);
  row.querySelector("[data-code]").textContent = grouped(code);
  return row;
}

function showOffer(codes) {
  if (!codes.length) return;
  const rows = offer.querySelector("ul");
  const template = offer.querySelector("template");
  for (const code of codes) {
    const row = filled(template, code);
    row.querySelector("input").value = code;
    rows.append(row);
  }
  offer.hidden = false;
  offer.addEventListener("submit", async (event) => {
    event.preventDefault();
    const ticked = [...rows.querySelectorAll("input:checked")].map((box) => box.value);
    await keep(ticked);
    offer.hidden = true;
    list.scrollIntoView({ block: "nearest" });
  });
}

async function showWaiting() {
  const scans = await waiting();
  const rows = list.querySelector("ul");
  const template = list.querySelector("template");
  rows.replaceChildren();
  for (const scan of scans) {
    const code = parse(scan.payload, base);
    const row = filled(template, code ?? scan.payload);
    const time = row.querySelector("time");
    time.dateTime = scan.scanned_at;
    time.textContent = new Date(scan.scanned_at).toLocaleString(document.documentElement.lang, {
      dateStyle: "medium",
      timeStyle: "short",
    });
    row.querySelector("button").addEventListener("click", () => forget([scan.nonce]));
    rows.append(row);
  }
  list.hidden = scans.length === 0;
}

typing?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = typing.elements.code;
  const code = parse(field.value, base);
  if (!code || code === "foreign") return field.focus();
  await keep([code]);
  field.value = "";
  field.dispatchEvent(new Event("input"));
});

if (typing) showOffer(asked());
addEventListener("flattr:changed", () => showWaiting());
showWaiting();
addEventListener("online", () => {
  const back = document.getElementById("back");
  if (back) back.hidden = false;
});
