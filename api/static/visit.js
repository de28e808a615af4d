// Counts one showing of a code's page, without any person: no cookie goes along.
// Coming back to it from itself, after giving or undoing, is no other showing.
"use strict";
(() => {
  const path = document.querySelector("[data-visit]")?.dataset.visit;
  if (!path) return;
  const page = path.replace(/visit$/, "").toLowerCase();
  const from = document.referrer ? new URL(document.referrer).pathname.toLowerCase() : "";
  if (`${from}/`.startsWith(page)) return;
  const count = () =>
    fetch(path, { method: "POST", keepalive: true, credentials: "omit" }).catch(() => {});
  if (document.prerendering) document.addEventListener("prerenderingchange", count, { once: true });
  else count();
})();
