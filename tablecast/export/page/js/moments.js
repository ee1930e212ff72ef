// Dates as people write them, read one at a time (schema/moments.py).
import {SPACES, digitOf, fold, isAscii, strip, words} from "./texts.js";

const LETTERS = "\\p{L}\\p{Nl}\\p{No}", NO_LETTER = `(?![\\p{L}\\p{N}_])`;
const LETTER = new RegExp(`[${LETTERS}]`, "u"), D = "\\p{Nd}", NOT_D = "\\P{Nd}";
const WORD = new RegExp(`[${LETTERS}]+\\.?`, "gu");
const ORDINAL = new RegExp(`(?<=[0-9])(st|nd|rd|th)${NO_LETTER}`, "giu");
const HALF = new RegExp(`(?<![\\p{L}\\p{N}_])([ap])\\.m\\.?${NO_LETTER}`, "giu");
const ZONE = /(?<=[0-9mM]) ?(?:GMT|UTC)(?:([+-])([0-9]{1,2})(?::?([0-9]{2}))?)?$/gi;
const YEAR_LAST =
  /^([A-Z][a-z]{2} [0-9]{1,2}) ([0-9]{1,2}:[0-9:.]+)(?: UTC| GMT| ([+-][0-9]{4}))? ([0-9]{4})$/;
const MARKED = [
  ["_[年년]_", "-"], ["_[月월]_(?=[0-9])", "-"], ["_[月日號号월일]_", " "],
  ["_[时時点點分시]_(?=[0-9])", ":"], ["_[时時點点](?![0-9])", ":00"], ["_[分秒초]", ""],
].map(([mark, sign]) => [new RegExp(mark.replaceAll("_", `[${SPACES}]*`), "gu"), sign]);

let months = {}, silent = new Set(), halves = {};
export function useMoments(known) {
  ({months, halves} = known);
  silent = new Set(known.silent);
}

// A date's text with English months and without words that say nothing.
function plainDate(text) {
  if (isAscii(text) && !/[A-Za-z ,]/.test(text)) return text;
  if (!isAscii(text)) {
    text = MARKED.reduce((marked, [mark, sign]) => marked.replace(mark, sign), fold(text));
    text = /^[0-9-]+t[0-9]/.test(text) ? text.replaceAll("t", "T") : text;
  }
  text = strip(text).replace(ZONE, (_all, sign, hours, minutes) =>
    `${sign ?? "+"}${String(Number(hours ?? 0)).padStart(2, "0")}:${minutes ?? "00"}`);
  text = strip(text).replace(/([0-9])(am|pm|a\.m\.|p\.m\.)$/i, "$1 $2");
  text = text.replace(ORDINAL, "").replace(HALF, "$1m");
  text = text.replaceAll(",", " ").replace(WORD, word);
  text = words(text.replace(/(?<=[0-9])\.(?=\s+[A-Z])/g, "")).join(" ");
  return text.replace(YEAR_LAST, "$1 $4 $2$3");
}

function word(written) {
  const known = fold(written).replace(/\.+$/, "");
  if (known === "t" || known === "z") return written;
  if (Object.hasOwn(halves, known)) return halves[known];
  if (Object.hasOwn(months, known)) return months[known];
  return silent.has(known) ? "" : written;
}

// Seconds since 1970 UTC of the moment that a text means: ISO 8601, or in a format; null for none.
export function secondsOf(text, form) {
  const parts = (form && byFormat(plainDate(text), form)) || isoParts(text);
  return parts && seconds(parts);
}

const DAY_PARTS = /^([0-9]{1,4}|[A-Z][a-z]{2})[-/. ]([0-9]{1,2}|[A-Z][a-z]{2})[-/. ]([0-9]{1,4})$/;
const ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

// The days that a person may mean by a text, as {day: 2024-01-31, seconds}; at most two.
export function daysMeant(text) {
  const match = Array.from(text).length <= 40 ? DAY_PARTS.exec(plainDate(text)) : null;
  if (!match) return [];
  const [, first, second, third] = match;
  const orders = first.length === 4 ? [[first, second, third]]
    : ENGLISH.includes(first) ? [[third, first, second]]
      : ENGLISH.includes(second) ? [[third, second, first]]
        : [[third, second, first], [third, first, second]];
  const days = orders.map(dayMeant).filter(Boolean);
  return days.filter((one, i) => days.findIndex((other) => other.seconds === one.seconds) === i);
}

function dayMeant([year, month, day]) {
  const number = ENGLISH.includes(month) ? ENGLISH.indexOf(month) + 1 : Number(month);
  const parts = {year: Number(year), month: number, day: Number(day)};
  if (year.length !== 4 || Number.isNaN(number + parts.day + parts.year) || !isReal(parts)) return null;
  const two = (part) => String(part).padStart(2, "0");
  return {day: `${year}-${two(number)}-${two(parts.day)}`, seconds: seconds(parts)};
}

// Whether a text can be read beside a table's own order of days and months without doubt.
export const tellsItsOrder = (text) => new RegExp(`^${D}{4}${NOT_D}`, "u").test(strip(text)) || LETTER.test(text);

function seconds({year, month = 1, day = 1, hour = 0, minute = 0, second = 0, micro = 0, offset = 0}) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const whole = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  return micro ? (whole * 1e6 + micro) / 1e6 : whole;
}

function isReal({year, month = 1, day = 1, hour = 0, minute = 0, second = 0, offset = 0}) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
  return day <= days && hour < 24 && minute < 60 && second < 60 && Math.abs(offset) < 86400;
}

const real = (parts) => (parts && isReal(parts) ? parts : null);

// As strptime reads. Each sign of a format with its pattern and what it says.
const SIGNS = {
  d: [`(3[0-1]|[1-2]${D}|0[1-9]|[1-9]| [1-9])`, (text) => ({day: number(text)})],
  m: ["(1[0-2]|0[1-9]|[1-9])", (text) => ({month: number(text)})],
  Y: [`(${D}{4})`, (text) => ({year: number(text)})],
  y: [`(${D}{2})`, (text) => ({year: number(text) + (number(text) <= 68 ? 2000 : 1900)})],
  b: ["(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", (text) => ({
    month: "janfebmaraprmayjunjulaugsepoctnovdec".indexOf(text.toLowerCase()) / 3 + 1,
  })],
  H: [`(2[0-3]|[0-1]${D}|${D})`, (text) => ({hour: number(text)})],
  I: ["(1[0-2]|0[1-9]|[1-9])", (text) => ({half: number(text)})],
  M: [`([0-5]${D}|${D})`, (text) => ({minute: number(text)})],
  S: [`(6[0-1]|[0-5]${D}|${D})`, (text) => ({second: number(text)})],
  f: ["([0-9]{1,6})", (text) => ({micro: Number(text.padEnd(6, "0"))})],
  p: ["(am|pm)", (text) => ({later: text.toLowerCase() === "pm" ? 12 : 0})],
  z: [`([+-]${D}${D}:?[0-5]${D}(?::?[0-5]${D}(?:\\.${D}{1,6})?)?|Z)`, (text) => ({offset: zone(text)})],
};

const number = (text) => Number(Array.from(text.trim(), digitOf).join(""));

function zone(text) {
  if (text === "Z") return 0;
  const [hours, minutes, secs = "0"] = text.slice(1).replaceAll(":", "").match(/\p{Nd}{2}/gu);
  return (text[0] === "-" ? -1 : 1) * (number(hours) * 3600 + number(minutes) * 60 + number(secs));
}

function byFormat(text, form) {
  const signs = [];
  const pattern = form.replace(/[\\.^$*+?(){}[\]|/]/g, "\\$&").replace(/\s+/g, "\\s+")
    .replace(/%(.)/g, (_all, sign) => { signs.push(sign); return SIGNS[sign][0]; });
  const match = new RegExp(`^${pattern}`, "iu").exec(text);
  if (!match || match[0].length !== text.length) return null;
  const {half, later, ...parts} = Object.assign({year: 1900}, ...signs.map((sign, i) => SIGNS[sign][1](match[i + 1])));
  const hour = half === undefined ? parts.hour : (half % 12) + (later ?? 0);
  return real({...parts, ...(hour === undefined ? {} : {hour})});
}

// As datetime.fromisoformat reads.
function isoParts(text) {
  if (text.length < 7) return null;
  const at = endOfDate(text);
  const date = isoDate(text.slice(0, at));
  const rest = Array.from(text.slice(at));
  if (!date || rest.length === 0) return real(date);
  const time = isoTime(rest.slice(1).join(""));
  return time && real({...date, ...time});
}

const isDigit = (sign) => sign >= "0" && sign <= "9" && sign.length === 1;

function endOfDate(text) {
  if (text.length === 7) return 7;
  if (text[4] === "-") {
    if (text[5] !== "W") return 10;
    return text[8] === "-" && text.length > 9 && !isDigit(text[10] ?? "") ? 10 : 8;
  }
  if (text[4] !== "W") return 8;
  let at = 7;
  while (at < text.length && isDigit(text[at])) at++;
  return at < 9 ? at : at % 2 ? 8 : 7;
}

function isoDate(text) {
  const day = /^([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})$/.exec(text);
  if (day) return {year: Number(day[1]), month: Number(day[3]), day: Number(day[4])};
  const week = /^([0-9]{4})(-?)W([0-9]{2})(?:\2([0-9]))?$/.exec(text);
  return week && dayOfWeek(Number(week[1]), Number(week[3]), Number(week[4] ?? 1));
}

function dayOfWeek(year, week, day) {
  const first = new Date(0);
  first.setUTCFullYear(year, 0, 4);
  const monday = first.getTime() - ((first.getUTCDay() + 6) % 7) * 864e5;
  const date = new Date(monday + ((week - 1) * 7 + day - 1) * 864e5);
  const thursday = new Date(monday + ((week - 1) * 7 + 3) * 864e5);
  if (year < 1 || week < 1 || thursday.getUTCFullYear() !== year || day < 1 || day > 7) return null;
  return {year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate()};
}

function isoTime(text) {
  const at = text.search(/[+\-Z]/);
  const end = at < 0 ? text.length : at;
  const time = clock(text, 0, end);
  if (!time || (at < 0 && time.more)) return null;
  const {hour, minute, second, micro} = time, parts = {hour, minute, second, micro};
  if (at < 0) return parts;
  if (text[at] === "Z") return at + 1 === text.length ? {...parts, offset: 0} : null;
  const away = clock(text, at + 1, text.length);
  if (!away || away.more) return null;
  const distance = away.hour * 3600 + away.minute * 60 + away.second + away.micro / 1e6;
  return {...parts, offset: text[at] === "-" ? -distance : distance};
}

// HH[:?MM[:?SS[.ffffff]]]; "more" where something is left behind it.
function clock(text, from, end) {
  const found = [0, 0, 0];
  let at = from, separated = false;
  for (let i = 0; i < 3; i++) {
    if (!/^[0-9]{2}$/.test(text.slice(at, at + 2))) return null;
    found[i] = Number(text.slice(at, at + 2));
    const sign = text[at + 2] ?? "";
    at += 3;
    if (i === 0) separated = sign === ":";
    if (at >= end && isAscii(sign)) return clockOf(found, 0, sign !== "");
    if (separated && sign === ":") continue;
    if (sign === "." || sign === ",") break;
    if (separated) return null;
    at--;
  }
  const digits = text.slice(at, Math.min(end, at + 6));
  if (!/^[0-9]+$/.test(digits)) return null;
  const rest = text.slice(at + digits.length).replace(/^[0-9]+/, "");
  return clockOf(found, Number(digits.padEnd(6, "0")), rest !== "");
}

const clockOf = ([hour, minute, second], micro, more) => ({hour, minute, second, micro, more});

// A moment as the form and the messages write it.
export function showMoment(value) {
  const written = new Date(Math.floor(value) * 1000).toISOString();
  return value % 86400 === 0 ? written.slice(0, 10) : written.slice(0, 19).replace("T", " ");
}
