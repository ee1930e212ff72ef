// What is valid, and what is said of it: schema/kinds a second time, from the data of rules.py.
import {daysMeant, secondsOf, showMoment, tellsItsOrder} from "./moments.js";
import {DECIMAL_COMMA, isPlain, otherMeaning, plainNumber} from "./numbers.js";
import {canonicalText, fold, quoted, showNumber, strip} from "./texts.js";

// Mark a sentence of the catalogues, and one of two forms that count, which are Python's, too.
export const N_ = (sentence) => sentence;
export const P_ = N_;

// A value that is refused, with the reason: {message, field, values}.
export class Refusal extends Error {
  constructor(remark) {
    super(remark.message);
    this.remark = remark;
  }
}

const remark = (field, message, values = {}) => ({message, field: field.name, values});

function refuse(field, message, values) {
  throw new Refusal(remark(field, message, values));
}

// {value, warning}: a raw value as the predictor takes it. Throws Refusal where it is not valid.
export function readValue(field, raw) {
  const value = typeof raw === "string" ? strip(raw) : raw;
  if (value === undefined || value === null || value === "") return readMissing(field);
  const said = typeof value === "string" && field.placeholders.includes(value);
  if (said && levelOf(field, value) === null) return readMissing(field);
  return field.text ? readLevel(field, value) : readAmount(field, value);
}

function readMissing(field) {
  if (field.required) refuse(field, N_("Enter a value for {field}."));
  const warning = remark(field, N_("You left {field} blank, so a typical value was used."));
  return {value: field.text ? "" : NaN, warning};
}

// The known level that a text means; null for none.
export function levelOf(field, text) {
  if (!field.text) return null;
  if (field.levels.includes(text)) return text;
  const folded = fold(text);
  return Object.hasOwn(field.spellings, folded) ? field.spellings[folded] : null;
}

function readLevel(field, value) {
  if (typeof value === "object") refuse(field, N_("Enter {field} as text."));
  const written = canonicalText(value), level = levelOf(field, written);
  if (level !== null) return {value: level, warning: null};
  const values = {value: quoted(value)};
  if (field.closed) {
    refuse(field, N_("{value} is not a choice for {field}. Choose one of: {levels}."),
      {...values, levels: field.levels.join(", ")});
  }
  return {value: written, warning: remark(field, N_("{field}: {value} did not occur in training."), values)};
}

function readAmount(field, raw) {
  const value = field.kind === "date" ? momentIn(field, raw) : numberOf(field, raw);
  const {minimum: low, maximum: high, shown} = field;
  if ((field.hardMinimum !== null && value < field.hardMinimum)
      || (field.hardMaximum !== null && value > field.hardMaximum)) {
    refuse(field, N_("Enter {field} between {low} and {high}."),
      {low: shown.hardMinimum, high: shown.hardMaximum});
  }
  if (low === null || high === null || !(value < low || value > high)) return {value, warning: null};
  const values = {value: showAmount(field, value), low: shown.minimum, high: shown.maximum};
  const message = N_("{field}: {value} is outside the training range ({low} to {high}).");
  return {value, warning: remark(field, message, values)};
}

function showAmount(field, value) {
  if (field.kind === "date") return showMoment(value);
  const text = showNumber(value);
  return field.spelling === DECIMAL_COMMA ? text.replaceAll(".", ",") : text;
}

function momentIn(field, value) {
  const isText = typeof value === "string";
  const seconds = isText ? secondsOf(value, field.dateFormat) : null;
  if (seconds !== null) return seconds;
  const days = isText ? daysMeant(value) : [];
  if (days.length > 1 && !field.dateFormat) {
    refuse(field, N_("{field}: {value} may be {first} or {second}; write it as {first}."),
      {value: quoted(value), first: days[0].day, second: days[1].day});
  }
  if (days.length !== 1 || (field.dateFormat && !tellsItsOrder(value))) {
    refuse(field, N_("Enter {field} as a date, for example {example}."), {example: field.shown.example});
  }
  return days[0].seconds;
}

function numberOf(field, raw) {
  const value = typeof raw === "string" ? numberIn(field, raw) : raw;
  const values = {example: field.shown.example};
  if (typeof value !== "number") refuse(field, N_("Enter {field} as a number, for example {example}."), values);
  if (!Number.isFinite(value)) {
    refuse(field, N_("Enter {field} as a finite number, for example {example}."), values);
  }
  if (field.kind === "integer" && !Number.isInteger(value)) {
    refuse(field, N_("Enter {field} as a whole number, for example {example}."), values);
  }
  return value;
}

// The number that a text spells, else the text.
function numberIn(field, text) {
  if (field.spelling !== DECIMAL_COMMA && isPlain(text)) return Number(text);
  const plain = plainNumber(text, field.spelling, field.units);
  if (plain === null && isPlain(text)) return Number(text);
  // Where training saw no sign between thousands, nobody knows what 1,234 means.
  const both = field.spelling || !text.includes(",") ? null : otherMeaning(text, field.spelling);
  if (both) {
    refuse(field, N_("{field}: {value} may be {first} or {second}; write it without the sign between."),
      {value: quoted(text), first: both[0], second: both[1]});
  }
  return plain === null ? text : Number(plain);
}
