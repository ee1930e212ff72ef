// What stands in the form: read, filled, and what is wrong beside each field.
import {N_} from "./formats.js";

const MISSING = {
  d: N_("Enter a day for {field}."), M: N_("Enter a month for {field}."), y: N_("Enter a year for {field}."),
  dM: N_("Enter a day and a month for {field}."), dy: N_("Enter a day and a year for {field}."),
  My: N_("Enter a month and a year for {field}."),
};
const NAMES = ["d", "M", "y"];

// Field name -> what was given, each date as one text, as date_inputs.py joins it.
export function givenIn(form, controls) {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? "");
  return Object.fromEntries(controls.map(({name, parts}) => {
    if (!parts) return [name, text(name)];
    const [day, month, year] = parts.map((part) => text(part).trim());
    const filled = [day, month, year].filter(Boolean);
    if (filled.length === 1 && isWhole(filled[0])) return [name, filled[0]];
    return [name, day || month || year ? `${year}-${twoDigits(month)}-${twoDigits(day)}` : ""];
  }));
}

// Whether a whole date was typed or pasted into one of the inputs.
const isWhole = (part) => (part.match(/\p{Nd}+|[\p{L}\p{Nl}\p{No}]+/gu) ?? []).length >= 3;

const twoDigits = (part) => (/^\p{Nd}+$/u.test(part) ? part.padStart(2, "0") : part);

// Put values into the form: field name -> text.
export function fill(form, controls, values) {
  for (const {name, parts} of controls) {
    const value = values[name] ?? "";
    if (!parts) put(form, name, value);
    else split(value).forEach((part, i) => put(form, parts[i], part));
  }
}

function put(form, name, value) {
  const found = form.elements.namedItem(name);
  if (found) found.value = value;
}

// Day, month and year of such a text.
function split(text) {
  const match = /^([^-]*)-([^-]*)-([^- :]*)$/.exec(text);
  return match ? [match[3], match[2], match[1]].map((part, i) => (i < 2 ? withoutZero(part) : part)) : ["", "", ""];
}

const withoutZero = (part) => (/^[0-9]+$/.test(part) ? part.replace(/^0+(?=.)/, "") : part);

// What is wrong with a date's parts; "" where nothing is given, or they make a real date.
export function dateFault(text) {
  const parts = Object.fromEntries(NAMES.map((name, i) => [name, split(text)[i]]));
  const missing = NAMES.filter((name) => !parts[name]).join("");
  if (missing === "dMy") return "";
  if (missing) return MISSING[missing];
  const wrong = NAMES.filter((name) => !canBe(name, parts[name])).join("");
  if (wrong === "y") return N_("Enter the year of {field} with four digits.");
  return wrong || !isDay(parts) ? N_("Enter a real date for {field}.") : "";
}

function canBe(part, text) {
  if (!/^[0-9]+$/.test(text)) return false;
  return part === "y" ? text.length === 4 : Number(text) >= 1 && Number(text) <= (part === "d" ? 31 : 12);
}

function isDay({d, M, y}) {
  const date = new Date(`${y}-${M.padStart(2, "0")}-${d.padStart(2, "0")}T00:00:00Z`);
  return Number(y) > 0 && !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(d);
}
