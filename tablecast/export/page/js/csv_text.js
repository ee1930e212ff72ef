// A CSV file's bytes as text (batch/csv_text.py, data/encoding.py): UTF-8, UTF-16, the training table's
// encoding, or what Windows writes in the West. Others are refused, since only the server can tell them
// apart.
import {FileFault} from "./csv.js";
import {N_} from "./fields.js";

const LOOKED_AT = 65536, SAMPLE = 4096, LEAST_SENSE = 0.6, MOST_WORDS = 2000;
const CONTROL = /[\0-\x08\x0e-\x1f\x7f]/, BAD = "\ufffd";
const ALPHABETS = [
  "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúüñ", "áâãàçéêíóôõúü", "àèéìòù", "åäöæøé", "ëïéèöüá",
  "áðéíóúýþæö", "àçèéíïòóúü·",
].map((letters) => new Set(letters));

// {text, isMarked, notes}. known: the training table's encoding; "" where it was UTF-8.
export function decoded(bytes, name, known) {
  const wide = wideKind(bytes), [a, b, c] = bytes;
  if (wide) return {text: checked(new TextDecoder(wide).decode(bytes), name), isMarked: true, notes: []};
  const isMarked = a === 0xef && b === 0xbb && c === 0xbf, whole = strictly("utf-8", bytes);
  if (whole !== null) return {text: checked(whole, name), isMarked, notes: []};
  const read = (text, encoding) => ({text: checked(text, name), isMarked: true, notes: [{
    message: N_("{name} is not UTF-8, so it was read as {encoding}. The result is written as UTF-8."), values: {name, encoding},
  }]});
  const own = known && strictly(known, bytes);
  if (own) return read(own, known);
  const text = new TextDecoder("utf-8").decode(bytes), bad = count(text, BAD);
  const line = String(1 + count(text.slice(0, text.indexOf(BAD)), "\n"));
  if (bad <= Math.floor(text.replace(/[\0-\x7f]/g, "").length / 2)) {
    const note = {message: N_("{name} has bytes that are not UTF-8 text, shown as � (first in line {line})."), values: {name, line}};
    return {text: checked(text, name), isMarked, notes: [note]};
  }
  const western = new TextDecoder("windows-1252").decode(bytes);
  if (senseOf(western) >= LEAST_SENSE) return read(western, "windows-1252");
  throw new FileFault(N_("The encoding of {name} cannot be recognized (line {line}). Save the file as UTF-8 (in Excel: “CSV UTF-8”)."), {name, line});
}

const count = (text, part) => text.split(part).length - 1;

function checked(text, name) {
  if (!CONTROL.test(text.slice(0, LOOKED_AT))) return text;
  throw new FileFault(N_("{name} is not a CSV file. Save the table as CSV (UTF-8)."), {name});
}

// The text, where the bytes are one in an encoding that the browser knows; else null.
function strictly(encoding, bytes) {
  try {
    return new TextDecoder(encoding, {fatal: true}).decode(bytes);
  } catch {
    return null;
  }
}

// The kind of UTF-16 that a mark says, or every other byte being 0.
function wideKind(bytes) {
  const [a, b] = bytes, sample = Array.from(bytes.subarray(0, SAMPLE));
  if (a === 0xff && b === 0xfe) return "utf-16le";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  const [even, odd] = [0, 1].map((first) => sample.filter((byte, i) => byte === 0 && i % 2 === first).length);
  if (sample.length < 8) return null;
  if (4 * odd > sample.length && !even) return "utf-16le";
  return 4 * even > sample.length && !odd ? "utf-16be" : null;
}

// From 0 to 1, how much the words with letters beyond ASCII look like those of a Western language.
function senseOf(text) {
  const words = new Set(text.match(/[^\s\0-\x2c\x2e-\x40\x5b-\x60\x7b-\x7f]+/gu) ?? []);
  const beyond = Array.from(words).filter((word) => /[^\0-\x7f]/.test(word)).slice(0, MOST_WORDS);
  const total = beyond.reduce((sum, word) => sum + Math.max(...ALPHABETS.map((letters) => wordSense(word, letters))), 0);
  return beyond.length ? total / beyond.length : 1;
}

function wordSense(word, letters) {
  const own = Array.from(word.toLowerCase()).filter((sign) => sign > "\x7f");
  const known = own.filter((sign) => letters.has(sign)).length / own.length;
  const strange = Array.from(word).filter((sign) => !/[\p{L}\p{N}’'\-.·]/u.test(sign)).length / word.length;
  return Math.max(0, known - strange - (/\p{Ll}\p{Lu}/u.test(word) ? 0.6 : 0));
}
