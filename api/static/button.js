/* Draws links of the class "flattr-button" as buttons, on pages of others:

     <a class="flattr-button" href="https://…/t/CODE">Flattr this</a>
     <script src="https://…/static/button.js" defer></script>

   It sets no cookie, keeps nothing and asks for nothing. Styles are set one by one, which a strict
   policy of the page (CSP) allows. Without it the link is a link. */
(() => {
  const button = {
    display: "inline-flex", alignItems: "center", gap: "0.5em", minHeight: "44px", boxSizing: "border-box",
    padding: "0.4em 1.1em", borderRadius: "22px", background: "#1b2fb8", color: "#fff",
    font: "600 16px/1.3 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", textDecoration: "none",
  };
  const ring = {
    display: "inline-block", width: "0.85em", height: "0.85em", boxSizing: "border-box", flex: "none",
    border: "0.16em solid currentColor", borderRadius: "50%",
  };
  const draw = () => {
    for (const link of document.querySelectorAll("a.flattr-button:not([data-drawn])")) {
      link.dataset.drawn = "";
      Object.assign(link.style, button);
      const dot = document.createElement("span");
      Object.assign(dot.style, ring);
      link.prepend(dot);
      link.addEventListener("pointerenter", () => { link.style.background = "#142390"; });
      link.addEventListener("pointerleave", () => { link.style.background = button.background; });
    }
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", draw);
  else draw();
})();
