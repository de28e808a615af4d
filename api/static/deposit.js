// Says the fee of the amount that is typed, while it is typed; without this script there is an
// example here, and the fee on the next page. The house goes straight on to where it is paid only
// if the fee that was shown here is the one that it takes.
"use strict";
const form = document.querySelector("[data-deposit]");
if (form) {
  const { deposit: basisPoints, least, most } = form.dataset;
  const line = form.querySelector("[data-says]");
  const example = line.textContent;
  const speaks = document.documentElement.lang;
  const CENT = 10_000; // micro-euros, and as many basis points are the whole

  const money = (micros) =>
    new Intl.NumberFormat(speaks, {
      style: "currency",
      currency: "EUR",
      minimumFractionDigits: micros % CENT ? 6 : 2,
    }).format(micros / 1_000_000);

  const show = () => {
    const found = /^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(form.elements.amount.value);
    const cents = found && Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
    const amount = cents * CENT;
    const fits = found && amount >= least && amount <= most;
    const fee = cents * basisPoints;
    form.elements.seen_fee.value = fits ? String(fee) : "";
    line.textContent = fits
      ? line.dataset.says
          .replace("{amount}", money(amount))
          .replace("{fee}", money(fee))
          .replace("{net}", money(amount - fee))
      : example;
  };
  form.elements.amount.addEventListener("input", show);
  show();
}
