// Numbers as people write them: $1,234.50 in one country is 1.234,50 € in another
// (schema/number_formats.py, whose patterns rules.py puts here).
import {digitOf, fold, INVISIBLE, isAscii, SPACE, strip, words} from "./texts.js";

export const DECIMAL_COMMA = ".,";
const BETWEEN = {",.": /[, ']/g, ".,": /[. ']/g};
const INSIDE =
  /(?:[0-9]|(?<![\p{L}\p{Nl}\p{No}])[.,](?=[0-9]))(?:[0-9.,' ]*[0-9.,])?(?:[eE][+-]?[0-9]{1,4}(?![0-9]))?/u;
const NO_UNIT = /^[\p{Nd}.]|\P{Nd}\p{Nd}{2}|[0-9][^23]|[,;:()[\]{}"'+=<>?!@&|\\_#-]/u;
const NO_CENTS = /(?<=[0-9])[.,]-{1,2}(?![0-9-])/g;
const OTHERWISE = new Map([
  ...Array.from("−–—‐‑‒﹣－", (sign) => [sign, "-"]), ...Array.from("’‘ʼ′´`", (sign) => [sign, "'"]),
  ...Array.from(INVISIBLE, (sign) => [sign, ""]), ["٫", "."], ["٬", ","], ["、", ","],
]);

let patterns = {};
let currencies = new Set(), units = new Set();
export function useFormats(formats) {
  patterns = Object.fromEntries(
    Object.entries(formats.patterns).map(([spelling, pattern]) => [spelling, whole(pattern)]),
  );
  patterns.plain = whole(formats.plain);
  patterns.ambiguous = whole(formats.ambiguous);
  currencies = new Set(formats.currencies);
  units = new Set(formats.units);
}

const whole = (pattern) => new RegExp(`^(?:${pattern})$`);

export const isPlain = (text) => patterns.plain.test(text);

// The number as programs write it; null where the text is none in this spelling.
export function plainNumber(text, spelling, units) {
  const amount = amountOf(text);
  if (!amount || !units.includes(fold(amount.unit).replace(/\.+$/, ""))) return null;
  return plain(amount, spelling) ?? (spelling ? null : plain(amount, DECIMAL_COMMA));
}

// Both numbers that a text may mean, its own spelling's first; null where it means one.
export function otherMeaning(text, spelling) {
  const amount = amountOf(text);
  if (!amount || !patterns.ambiguous.test(amount.digits)) return null;
  const other = spelling === DECIMAL_COMMA ? ",." : DECIMAL_COMMA;
  const first = plain(amount, spelling), second = plain(amount, other);
  return first && second ? [first, second] : null;
}

function plain({sign, digits}, spelling) {
  const own = spelling || ",.";
  if (!patterns[own].test(digits)) return null;
  return sign + digits.replace(BETWEEN[own], "").replaceAll(",", ".");
}

// Whether it is a unit on its own account, so that it may stand close behind a number.
export const isUnit = (unit) => units.has(fold(unit)) || "%‰".includes(unit) || isCurrency(unit);

// {sign, digits, unit}; null where a text is no number at all.
export function amountOf(written) {
  const text = withPlainSigns(strip(written)).replace(NO_CENTS, "");
  const inside = /^\(([^()]*)\)$/.exec(text);
  const match = INSIDE.exec(inside ? inside[1] : text);
  if (!match) return null;
  const before = match.input.slice(0, match.index);
  const behind = match.input.slice(match.index + match[0].length);
  const signs = [strip(before), strip(behind)].flatMap((part) => Array.from(part).filter(isSign));
  const prefix = withoutSign(before, false), suffix = withoutSign(behind, true);
  const count = signs.length + (inside ? 1 : 0);
  if (count > 1 || (prefix && suffix) || !mayBeUnit(prefix, suffix)) return null;
  return {sign: inside || signs[0] === "-" ? "-" : "", digits: match[0], unit: prefix || suffix};
}

const isSign = (sign) => sign === "+" || sign === "-";

function withoutSign(part, atEnd) {
  const text = strip(part), signs = Array.from(text), rest = strip(text.slice(1));
  if (signs.length && isSign(signs[0]) && (!atEnd || !rest || isCurrency(rest))) return rest;
  return signs.length && isSign(signs.at(-1)) ? strip(text.slice(0, -1)) : text;
}

function mayBeUnit(prefix, suffix) {
  if (prefix && !isCurrency(prefix)) return false;
  return Array.from(suffix).length <= 12 && !NO_UNIT.test(suffix.replaceAll("/100", "/"));
}

function isCurrency(unit) {
  const signs = Array.from(unit), money = signs.filter((sign) => /\p{Sc}/u.test(sign));
  return money.length ? money.length === 1 && signs.length <= 4 : currencies.has(fold(unit));
}

function withPlainSigns(text) {
  if (isAscii(text)) return text;
  return words(Array.from(text, (sign) => plainSign(OTHERWISE.get(sign) ?? sign)).join("")).join(" ");
}

function plainSign(sign) {
  if (isAscii(sign)) return sign;
  if (/\p{Nd}/u.test(sign)) return String(digitOf(sign));
  if (SPACE.test(sign)) return " ";
  return sign >= "\uff00" && sign <= "\uffef" ? sign.normalize("NFKC") : sign;
}
