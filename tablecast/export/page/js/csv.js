// The text of a CSV file as rows of cells, and back (data/dialect.py, batch/csv_source.py).
import {N_, P_} from "./fields.js";
import {fold, strip} from "./texts.js";

const SEPARATORS = [",", ";", "\t", "|"];
const BEGINNING = 65536, FIRST_ROWS = 200, MOST_TITLES = 30, MOST_SHORT = 0.8, MOST_FOOTERS = 30;
const SEPARATOR_LINE = /^"?sep=(.)"?[;,]*\s*?(?:\r\n|\n|\r)/i;

// What is wrong with a file as a whole: {message, values}.
export class FileFault extends Error {
  constructor(message, values) {
    super(message);
    this.remark = {message, field: null, values};
  }
}

// The records of a text with the line on which each begins: {line, cells}. Quotation marks hold cells
// together that separators, line ends or such marks, then doubled, stand in.
function* recordsOf(text, separator, isStrict) {
  const skips = separator === " " || text.includes(`${separator} "`);
  for (let at = 0, line = 1; at < text.length;) {
    const end = endOf(text, at), plain = text.slice(at, end);
    const record = {line, cells: null};
    if (!plain.includes('"')) {
      record.cells = plain.split(separator);
      at = end;
    } else [record.cells, at, line] = quotedCells(text, at, line, separator, skips, isStrict);
    yield record;
    line++;
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
  }
}

function endOf(text, start) {
  const feed = text.indexOf("\n", start), end = feed < 0 ? text.length : feed;
  const back = text.slice(start, end).indexOf("\r");
  return back < 0 ? end : start + back;
}

// The cells from a place on, where they end, and the line there.
function quotedCells(text, start, first, separator, skips, isStrict) {
  const cells = [];
  let at = start, line = first;
  for (;;) {
    if (skips) while (text[at] === " ") at++;
    let cell = "";
    if (text[at] === '"') {
      for (at++; ;) {
        const close = text.indexOf('"', at);
        if (close < 0) {
          if (!isStrict) return [[...cells, cell + text.slice(at)], text.length, line];
          throw new Unreadable(first, N_("unexpected end of data"));
        }
        const part = text.slice(at, close);
        line += part.split(/\r\n|\n|\r/).length - 1;
        cell += part;
        at = close + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at++;
      }
      if (isStrict && at < text.length && ![separator, "\n", "\r"].includes(text[at])) {
        throw new Unreadable(first, `'${separator}' expected after '"'`);
      }
    }
    const from = at;
    while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
    cells.push(cell + text.slice(from, at));
    if (text[at] !== separator) return [cells, at, line];
    at++;
  }
}

class Unreadable extends Error {
  constructor(line, reason) {
    super(reason);
    this.line = line;
  }
}

const isFilled = ({cells}) => cells.some((cell) => strip(cell)) && !isDrawn(cells);

// Whether a line only rules off the table, such as ----- or |---|---|.
function isDrawn(cells) {
  const inner = cells.map(strip).filter(Boolean);
  return inner.length > 0 && inner.every((cell) => /^[-=_+:]{3,}$/.test(cell)) && (inner.length > 1 || cells.length === 1);
}

function firstRecords(text, separator) {
  const found = [];
  for (const record of recordsOf(text, separator, false)) {
    if (isFilled(record)) found.push(record.cells);
    if (found.length === FIRST_ROWS) break;
  }
  return found;
}

function usualWidth(records) {
  const widths = new Map();
  records.forEach(({length}) => widths.set(length, (widths.get(length) ?? 0) + 1));
  return Array.from(widths).reduce((best, one) => (one[1] > best[1] || (one[1] === best[1] && one[0] > best[0]) ? one : best), [1, 0])[0];
}

// The separator that cuts the first lines into the most even, and then the most, columns.
function separatorOf(text) {
  const cut = text.slice(0, BEGINNING), beginning = text.length > BEGINNING ? cut.slice(0, cut.lastIndexOf("\n") + 1) || cut : cut;
  const fits = SEPARATORS.map((separator) => {
    const records = firstRecords(beginning, separator), width = usualWidth(records);
    if (width === 1) return [0, 0];
    const even = records.filter(({length}) => length === width || length === width - 1).length;
    return [even / records.length, width];
  });
  const best = fits.reduce((one, other) => (other[0] > one[0] || (other[0] === one[0] && other[1] > one[1]) ? other : one));
  return SEPARATORS[fits.indexOf(best)];
}

// A file's table: {separator, lineEnd, names, records, notes}.
//
// expected: names of which most are the header's.
export function readCsv(whole, name, expected) {
  const stated = SEPARATOR_LINE.exec(whole), text = stated ? whole.slice(stated[0].length) : whole;
  const separator = stated ? stated[1] : separatorOf(text);
  const records = [], gaps = new Set(), skipped = stated ? 1 : 0;
  try {
    for (const record of recordsOf(text, separator, true)) {
      record.line += skipped;
      if (isFilled(record)) records.push(record);
      else gaps.add(records.length);
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new FileFault(N_("Line {line} of {name} cannot be read: {reason}. Check for a missing quotation mark."),
      {line: error.line + skipped, name, reason: {message: error.message}});
  }
  if (!records.length) throw new FileFault(N_("{name} is empty. Its first line must contain the column names."), {name});
  const above = headerPlace(records, expected), notes = [];
  if (above) notes.push({message: N_("Ignored the lines above the column names."), values: {}});
  const table = shaped(records.slice(above), name, notes, (place) => gaps.has(place + above));
  return {...table, separator, lineEnd: whole.includes("\r\n") ? "\r\n" : "\n", notes};
}

// The record that has the most of the expected names; the first of several.
function headerPlace(records, expected) {
  const wanted = new Set(expected.map(fold));
  const known = records.slice(0, Math.min(MOST_TITLES, Math.max(1, records.length - 1)))
    .map(({cells}) => new Set(cells.map(fold).filter((cell) => wanted.has(cell))).size);
  return Math.max(0, known.indexOf(Math.max(...known)));
}

// The header's names and the rows that are as long: R writes one cell more, a name of each row, and
// some programs a separator behind each.
function shaped([{cells: header}, ...body], name, notes, isAfterGap) {
  let names = header;
  const width = usualWidth(body.slice(0, FIRST_ROWS).map(({cells}) => cells));
  while (body.length && names.length > width && !strip(names.at(-1))) names = names.slice(0, -1);
  const longer = body.filter(({cells}) => cells.length === names.length + 1);
  if (body.length && longer.length > MOST_SHORT * body.length) {
    if (!longer.some(({cells}) => strip(cells.at(-1)))) names = [...names, ""];
    else if (new Set(longer.map(({cells}) => strip(cells[0]))).size === longer.length) {
      names = ["", ...names];
      notes.push({message: N_("Ignored the first cell of each row, which has no column name."), values: {}});
    }
  }
  const rows = [], again = [], below = [];
  body.forEach((record, place) => {
    const {line, cells} = record;
    if (cells.length > 1 && cells.length === header.length && cells.every((cell, i) => strip(cell) === strip(header[i]))) again.push(line);
    else if (cells.length === names.length) {
      if (below.length) throw ragged(below[0], names.length, name);
      rows.push(record);
    } else {
      below.push({...record, isAfterGap: isAfterGap(place + 1)});
      if (below.length > MOST_FOOTERS || !isFooter(below[0])) throw ragged(below[0], names.length, name);
    }
  });
  if (again.length) notes.push(counted(again, P_("Ignored {count} rows that repeat the column names (first: line {line})."), P_("Ignored {count} row that repeats the column names (line {line}).")));
  if (below.length) {
    notes.push(counted(below.map(({line}) => line), P_("Ignored {count} lines below the table (first: line {line})."), P_("Ignored {count} line below the table (line {line}).")));
  }
  return {names, records: rows};
}

const counted = (lines, many, one) => ({message: lines.length === 1 ? one : many, values: {count: lines.length, line: lines[0]}});

function ragged({line, cells}, width, name) {
  const message = cells.length === 1
    ? P_("Line {line} of {name} has {cells} cell, but the header has {width}. A separator inside a text needs quotation marks around the text.")
    : P_("Line {line} of {name} has {cells} cells, but the header has {width}. A separator inside a text needs quotation marks around the text.");
  return new FileFault(message, {line, name, cells: cells.length, width});
}

// Whether a short row may stand below a table: it comes after a gap, or holds words.
function isFooter({cells, isAfterGap}) {
  const filled = cells.filter((cell) => strip(cell));
  return isAfterGap ? filled.length <= 2 : filled.length === 1 && (filled[0].match(/\p{L}{2,}/gu) ?? []).length > 1;
}

// How a text begins that a spreadsheet may take for a formula, and numbers, which stay
// (batch/formula_guard.py).
const RISKY = /^[=+\-@\t\r]/, NUMBER = /^[+-][.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?%?$/;

export const withoutApostrophe = (text) => (text[0] === "'" && RISKY.test(text.slice(1)) ? text.slice(1) : text);

export const guarded = (cell) => (RISKY.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell);

// A record as a line; cells are quoted where they have to be.
export function lineOf(cells, {separator, lineEnd}) {
  const written = cells.map((cell) => {
    const isPlain = !cell.includes(separator) && !cell.includes('"') && !cell.includes("\n") && !cell.includes("\r");
    return isPlain ? cell : `"${cell.replaceAll('"', '""')}"`;
  });
  return (written.length === 1 && !written[0] ? '""' : written.join(separator)) + lineEnd;
}
