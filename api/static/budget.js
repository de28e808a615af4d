// The budget as a slider beside its field, and what it makes of each flattr; without this script
// there is the field alone.
"use strict";
const form = document.querySelector("[data-budget]");
if (form) {
  const { flattrs, funds, each, first, short, empty } = form.dataset;
  const field = form.elements.budget;
  const slide = form.querySelector(".slide");
  const slider = slide.querySelector("input");
  const effect = slide.querySelector("output");
  const speaks = document.documentElement.lang;
  const euros = new Intl.NumberFormat(speaks, { style: "currency", currency: "EUR" });
  const typed = new Intl.NumberFormat(speaks, { minimumFractionDigits: 2, useGrouping: false });
  const CENT = 10_000; // micro-euros

  // Whole cents of what was typed, `5`, `5.00` or `5,00`; null for anything else.
  const cents = (text) => {
    const found = /^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(text);
    return found && Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
  };
  const money = (micros) => euros.format(Math.floor(micros / CENT) / 100);

  const show = () => {
    const budget = cents(field.value);
    const fits = budget !== null && budget >= slider.min * 100 && budget <= slider.max * 100;
    effect.hidden = !fits;
    if (!fits) return;
    const pot = Math.min(budget * CENT, funds);
    const words = [
      (flattrs > 0 ? each : first).replace("{each}", money(pot / Math.max(1, flattrs))),
    ];
    if (Number(funds) === 0) words.splice(0, 1, empty);
    else if (budget * CENT > funds) words.push(short.replace("{funds}", money(funds)));
    effect.textContent = words.join(" ");
  };
  const follow = () => {
    const budget = cents(field.value);
    slider.value = budget === null ? slider.min : Math.round(budget / 100);
    show();
  };
  slider.addEventListener("input", () => {
    field.value = typed.format(slider.value);
    show();
  });
  field.addEventListener("input", follow);
  slide.hidden = false;
  follow();
}
