// Unfolds what the page is made of, which the file holds compressed, and starts it.
import {parsed} from "./parsed.js";

// Bytes from base 85, as smaller.py writes them.
function bytesOf(text) {
  const signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=>?@^_`{|}~";
  const digit = new Uint8Array(128);
  for (let i = 0; i < 85; i++) digit[signs.charCodeAt(i)] = i;
  const digits = new TextEncoder().encode(text.padEnd(5 * Math.ceil(text.length / 5), "~"));
  const bytes = new Uint8Array(0.8 * digits.length);
  for (let from = 0, to = 0; from < digits.length; from += 5) {
    const high = (digit[digits[from]] * 85 + digit[digits[from + 1]]) * 85 + digit[digits[from + 2]];
    const word = (high * 85 + digit[digits[from + 3]]) * 85 + digit[digits[from + 4]];
    bytes[to++] = word >>> 24;
    bytes[to++] = word >>> 16;
    bytes[to++] = word >>> 8;
    bytes[to++] = word;
  }
  return bytes.subarray(0, Math.floor(0.8 * text.length));
}

// Written and read without a Blob or a Response, which would let the browser draw the empty form first.
async function unfolded(bytes) {
  const {readable, writable} = new DecompressionStream("gzip"), writer = writable.getWriter();
  writer.write(bytes);
  writer.close();
  const reader = readable.getReader(), decoder = new TextDecoder();
  for (let text = ""; ;) {
    const {done, value} = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, {stream: true});
  }
}

async function start() {
  if (![].toSorted) throw new Error("a browser from before 2023"); // the newest of what is needed
  const parts = parsed(await unfolded(bytesOf(document.querySelector("#folded").textContent)));
  const style = document.createElement("style");
  style.textContent = parts.styles;
  document.head.append(style);
  const script = document.createElement("script");
  script.textContent = parts.script;
  document.body.append(script);
  startPage(parts, openPredictor, openRules, say);
}

// A browser that lacks any of what the page needs says so.
start().catch((error) => {
  document.querySelector("[data-old]").hidden = false;
  throw error;
});
