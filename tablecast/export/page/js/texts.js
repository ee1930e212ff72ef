// Texts that mean the same, and values as sentences show them (schema/texts.py).

// What Python takes for a space, which is not quite what JavaScript does.
export const SPACES = "\\t-\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const OUTER = new RegExp(`^[${SPACES}]+|[${SPACES}]+$`, "gu");
const INNER = new RegExp(`[${SPACES}]+`, "u");
export const SPACE = new RegExp(`[${SPACES}]`, "u");

const QUOTED_LENGTH = 40;
const EXACT_WHOLE = 2 ** 53;
const ASCII = /^[\0-\x7f]*$/;
export const INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\u202a\u202b\u202c\u202d\u202e\ufeff";
const QUOTES = new Map([
  ...Array.from(INVISIBLE, (sign) => [sign, ""]),
  ...Array.from("‘’‚‛`´′ʼ", (sign) => [sign, "'"]), ...Array.from("“”„‟″«»", (sign) => [sign, '"']),
]);

export const isAscii = (text) => ASCII.test(text);
export const strip = (text) => text.replace(OUTER, "");
export const words = (text) => text.split(INNER).filter(Boolean);

// Letters whose case is folded otherwise than they are written large, and that small; Python's, from
// rules.py.
let folded = new Map();
export function useFolded(pairs) {
  folded = new Map(Object.entries(pairs));
}

const plainQuotes = (text) => Array.from(text, (sign) => QUOTES.get(sign) ?? sign).join("");

function casefold(text) {
  return Array.from(text, (letter) => folded.get(letter) ?? letter.toUpperCase().toLowerCase()).join("");
}

// The spelling that texts share which mean the same.
export function fold(text) {
  if (!isAscii(text)) {
    text = casefold(plainQuotes(text).normalize("NFKC")).normalize("NFKC");
  }
  return words(casefold(plainQuotes(text))).join(" ");
}

// One text for a category however it is written: 60 and "60" are both "60".
export function canonicalText(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" ? pythonNumber(value) : value;
}

// A number as Python's repr writes it; one without a fraction as a whole number.
function pythonNumber(value) {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Number.isInteger(value) && Math.abs(value) < EXACT_WHOLE) return String(value);
  const [digits, exponent] = value.toExponential().split("e");
  const small = Number(exponent) < -4 || Number(exponent) >= 16;
  return small ? withExponent(digits, Number(exponent)) : String(value);
}

function withExponent(digits, exponent) {
  const sign = exponent < 0 ? "-" : "+";
  return `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// A number without needless digits; at most 12 significant ones.
export function showNumber(value) {
  const [written, power] = halvesToEven(value).split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 12) return withExponent(bare(written), exponent);
  const shown = bare(Number(`${written}e${exponent}`).toFixed(Math.max(0, 11 - exponent)));
  return Object.is(value, -0) ? `-${shown}` : shown;
}

// Twelve digits. Of two that are equally near, JavaScript takes the larger and Python the even one.
function halvesToEven(value) {
  const exact = Math.abs(value).toExponential(60), up = value.toExponential(11);
  if (!/^.{13}50*e/.test(exact)) return up;
  const isEven = Number(exact[12]) % 2 === 0;
  return isEven ? `${value < 0 ? "-" : ""}${exact.slice(0, 13)}${exact.slice(exact.indexOf("e"))}` : up;
}

const bare = (digits) => (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits);

// A person's own value, shortened, for use in a sentence.
export function quoted(value) {
  const signs = Array.from(typeof value === "string" ? value : outline(value));
  const short = signs.length <= QUOTED_LENGTH ? signs : [...signs.slice(0, QUOTED_LENGTH - 1), "…"];
  return `“${short.join("")}”`;
}

function outline(value) {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  return typeof value === "number" ? pythonNumber(value) : "an object";
}

// The value of a digit of any script: each has its ten one after the other, as rows of ten.
export function digitOf(sign) {
  const code = sign.codePointAt(0);
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10;
}

export const shortName = (name) => Array.from(name).slice(0, QUOTED_LENGTH).join("");

// A text as Python's repr writes it.
export function repr(text) {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\p{C}\p{Zl}\p{Zp}\p{Zs}]/gu, (sign) => (sign === " " ? sign : ESCAPES.get(sign) ?? codeOf(sign.codePointAt(0))));
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

const ESCAPES = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

function codeOf(code) {
  const [kind, length] = code < 256 ? ["x", 2] : code < 65536 ? ["u", 4] : ["U", 8];
  return `\\${kind}${code.toString(16).padStart(length, "0")}`;
}
