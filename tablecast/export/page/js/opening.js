// Unfolds what the page is made of, which the file holds compressed, and starts it.
(async () => {
  if (!globalThis.DecompressionStream) {
    document.querySelector("[data-old]").hidden = false;
    return;
  }
  const folded = Uint8Array.from(atob(document.querySelector("#folded").textContent), (sign) => sign.charCodeAt(0));
  const plain = new Blob([folded]).stream().pipeThrough(new DecompressionStream("gzip"));
  const parts = JSON.parse(await new Response(plain).text());
  const script = document.createElement("script");
  script.textContent = parts.script;
  document.body.append(script);
  startPage(parts, openPredictor, openRules, say);
})();
