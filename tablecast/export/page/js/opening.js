// Unfolds what the page is made of, which the file holds compressed, and starts it.

// Bytes from base 85, as smaller.py writes them.
function bytesOf(text) {
  const signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=>?@^_`{|}~";
  const digit = new Uint8Array(128);
  for (let i = 0; i < 85; i++) digit[signs.charCodeAt(i)] = i;
  const groups = Math.ceil(text.length / 5), padded = text.padEnd(5 * groups, "~"), view = new DataView(new ArrayBuffer(4 * groups));
  for (let group = 0, at = 0; group < groups; group++) {
    let word = 0;
    for (const end = at + 5; at < end; at++) word = 85 * word + digit[padded.charCodeAt(at)];
    view.setUint32(4 * group, word % 2 ** 32);
  }
  return view.buffer.slice(0, text.length - groups);
}

(async () => {
  if (!globalThis.DecompressionStream) {
    document.querySelector("[data-old]").hidden = false;
    return;
  }
  const folded = new Blob([bytesOf(document.querySelector("#folded").textContent)]);
  const plain = folded.stream().pipeThrough(new DecompressionStream("gzip"));
  const parts = JSON.parse(await new Response(plain).text());
  const style = document.createElement("style");
  style.textContent = parts.styles;
  document.head.append(style);
  const script = document.createElement("script");
  script.textContent = parts.script;
  document.body.append(script);
  startPage(parts, openPredictor, openRules, say);
})();
