// Passkeys: forms marked with data-passkey are shown where the browser has them. The address in the
// mark tells what to make or to sign; what comes of it goes along with the form.
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const keys = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  // As PublicKeyCredential.parse…OptionsFromJSON and toJSON do, which phones of 2024 lack.
  const asked = async (options) => {
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    if (options.user) {
      publicKey.user = { ...options.user, id: bytes(options.user.id) };
      publicKey.excludeCredentials = keys(options.excludeCredentials);
      return navigator.credentials.create({ publicKey });
    }
    publicKey.allowCredentials = keys(options.allowCredentials);
    return navigator.credentials.get({ publicKey });
  };
  const said = (made) => {
    const response = {};
    for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[part]) response[part] = text(made.response[part]);
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    const tell = (words) => {
      const place = form.querySelector("[role=alert]");
      place.textContent = words;
      place.hidden = !words;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      tell("");
      button.disabled = true;
      try {
        const body = new URLSearchParams(new FormData(form));
        const answer = await fetch(form.dataset.passkey, { method: "POST", body });
        const options = await answer.json();
        if (!answer.ok) return tell(options.detail);
        form.elements.credential.value = said(await asked(options));
        form.submit();
      } catch (trouble) {
        // Whoever turned the question down needs no words about it.
        if (trouble.name === "InvalidStateError") tell(form.dataset.known);
        else if (trouble.name !== "NotAllowedError") tell(form.dataset.failed);
      } finally {
        button.disabled = false;
      }
    });
    form.hidden = false;
  }
  for (const instead of document.querySelectorAll("[data-no-passkey]")) instead.hidden = true;
})();
