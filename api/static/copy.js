/* Copies the text of a field at the press of a button; without script, people select it. */
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const said = [...button.childNodes];
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.replaceChildren(button.dataset.copied);
    setTimeout(() => { button.replaceChildren(...said); }, 2000);
  });
}
