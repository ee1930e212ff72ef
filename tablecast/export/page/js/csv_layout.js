// Where the table of a CSV file begins, and which extra cells its rows have (data/dialect.py,
// data/surroundings.py, batch/csv_layout.py).
import {recordsOf, Unreadable} from "./csv.js";
import {N_} from "./fields.js";
import {amountOf} from "./numbers.js";
import {fold, strip} from "./texts.js";

const SEPARATORS = [",", ";", "\t", "|"];
const BEGINNING = 65536, FIRST_ROWS = 200, MOST_TITLES = 30, MOST_SHORT = 0.8;
const SEPARATOR_LINE = /^"?sep=(.)"?[;,]*\s*?(?:\r\n|\n|\r)/i;

export const isFilled = (cells) => cells.some(strip) && !isDrawn(cells);

// Whether a line only rules off the table, such as ----- or |---|---|.
export function isDrawn(cells) {
  if (!/^[-=_+:]/.test(strip(cells[0]) || strip(cells[1] ?? ""))) return false;
  const bare = cells.map(strip);
  const isFramed = bare.length > 2 && !bare[0] && !bare.at(-1), inner = isFramed ? bare.slice(1, -1) : bare;
  return (inner.length > 1 || cells.length === 1) && inner.every((cell) => /^[-=_+:]{3,}$/.test(cell));
}

// {separator, skips, lineEnd, above, namesOf, notes}: how a file is written, how many records stand above
// its header, and what gives a header the cells that it lacks.
//
// expected: names of which most are the header's.
export function layoutOf(text, expected) {
  const beginning = text.slice(0, BEGINNING), stated = SEPARATOR_LINE.exec(beginning);
  const separator = stated ? stated[1] : separatorOf(beginning), first = stated ? 1 : 0;
  const records = firstRecords(beginning, separator).records.filter(isFilled);
  const above = headerPlace(records, expected, first), notes = [];
  if (above > first) notes.push({message: N_("Ignored the lines above the column names."), values: {}});
  return {
    separator, above, notes,
    skips: separator === " " || beginning.includes(`${separator} "`),
    lineEnd: beginning.includes("\r\n") ? "\r\n" : "\n",
    namesOf: namesBy(records[above] ?? [], records.slice(above + 1), notes),
  };
}

// The first records that hold anything, and whether quotation marks are where the separator cuts.
function firstRecords(text, separator) {
  for (const isStrict of [true, false]) {
    const records = [];
    let count = 0;
    try {
      for (const {cells} of recordsOf(text, {separator, skips: true, isStrict})) {
        if (cells.some(Boolean)) records.push(cells);
        if (++count === FIRST_ROWS) break;
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      if (isStrict && error.isOdd) continue;
    }
    return {records, isWell: isStrict};
  }
  return undefined;
}

function usualWidth(records) {
  const widths = new Map();
  records.forEach(({length}) => widths.set(length, (widths.get(length) ?? 0) + 1));
  return Array.from(widths).reduce((best, one) => (one[1] > best[1] || (one[1] === best[1] && one[0] > best[0]) ? one : best), [1, 0])[0];
}

// The separator that cuts the first lines into the most even, and then the most, columns.
function separatorOf(text) {
  const fits = SEPARATORS.map((separator) => {
    const {records, isWell} = firstRecords(text, separator), width = usualWidth(records);
    if (width === 1) return [0, 0];
    const body = records.slice(firstBelowTitle(records, width));
    const even = body.filter(({length}) => length === width || length === width - 1).length / records.length;
    return [isWell ? even : even / 2, width];
  });
  const best = fits.reduce((one, other) => (other[0] > one[0] || (other[0] === one[0] && other[1] > one[1]) ? other : one));
  return !best[1] && areCutBySpaces(text) ? " " : SEPARATORS[fits.indexOf(best)];
}

// A title has fewer cells than the table, or fewer that hold anything.
function firstBelowTitle(records, width) {
  const filled = records.slice(0, MOST_TITLES).map((cells) => cells.filter(strip).length);
  for (const most of [width + 1, Infinity]) {
    for (const least of [Math.max(2, Math.floor(width / 2)), 2]) {
      const place = filled.findIndex((count, i) => count >= least && width - 1 <= records[i].length && records[i].length <= most);
      if (place >= 0) return place;
    }
  }
  return 0;
}

// Whether spaces cut rows into columns: R quotes the names, others write numbers alone.
function areCutBySpaces(text) {
  const [names = [], ...rows] = firstRecords(text, " ").records.filter(isFilled);
  const width = rows[0]?.length;
  if (rows.length < 2 || names.length < 2 || rows.some(({length}) => length !== width)) return false;
  if (names.length !== width && names.length !== width - 1) return false;
  const areNumbers = (cells) => {
    const filled = cells.filter(strip);
    return filled.length > 0 && filled.every((cell) => amountOf(cell)?.unit === "");
  };
  return /^("[^"\n]*" +)+"[^"\n]*" *[\r\n]/.test(text) || rows.every(areNumbers) || areAligned(text);
}

function areAligned(text) {
  const lines = text.split(/\r\n|[\n\r]/).slice(0, FIRST_ROWS).filter(strip);
  return 2 * lines.filter((line) => /\S {2,}\S/.test(line)).length > lines.length;
}

// The record that has the most of the expected names; the first of several.
function headerPlace(records, expected, first) {
  const wanted = new Set(expected.map(fold));
  const from = Math.min(first, Math.max(records.length - 1, 0));
  const known = records.slice(from, MOST_TITLES).map((cells) => new Set(cells.map(fold).filter((cell) => wanted.has(cell))).size);
  return from + Math.max(0, known.indexOf(Math.max(...known)));
}

// R writes one cell more, a name of each row, and some programs a separator behind each.
function namesBy({length}, rows, notes) {
  const longer = rows.filter((cells) => cells.length === length + 1);
  if (longer.length <= MOST_SHORT * rows.length) return (header) => withoutEmptyEnd(header, usualWidth(rows));
  if (!longer.some((cells) => strip(cells.at(-1)))) return (header) => [...header, ""];
  if (!areRowNames(longer.map((cells) => strip(cells[0])))) return (header) => header;
  notes.push({message: N_("Ignored the first cell of each row, which has no column name."), values: {}});
  return (header) => ["", ...header];
}

function withoutEmptyEnd(header, width) {
  let names = header;
  while (names.length > width && !strip(names.at(-1))) names = names.slice(0, -1);
  return names;
}

// Whether the first cells of rows count them, or name each of them otherwise.
function areRowNames(names) {
  if (new Set(names).size < names.length || names.includes("")) return false;
  if (!names.every((name) => /^[0-9]{1,15}$/.test(name))) return !names.some((name) => /^[+-]?[0-9]*[.,][0-9]+$/.test(name));
  const counted = names.map(Number), isRising = (least, most) => counted.every((x, i) => i === 0 || (x - counted[i - 1] >= least && x - counted[i - 1] <= most));
  return isRising(1, 1) ? counted[0] < 2 || names.length > 2 : names.length > 2 && isRising(0, Infinity);
}
