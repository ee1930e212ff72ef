// The rows of a CSV file, without what stands above, between and below them (batch/csv_source.py,
// batch/below_table.py).
import {FileFault, recordsOf, Unreadable} from "./csv.js";
import {isDrawn, isFilled, layoutOf} from "./csv_layout.js";
import {N_, P_, readValue, Refusal} from "./fields.js";
import {isPlain, isUnit} from "./numbers.js";
import {strip} from "./texts.js";

const MOST_FOOTERS = 30, MOST_LABELS = 3, LABEL_LENGTH = 60, TOTAL_LENGTH = 20;

// A file's table, of which only the header is read: {separator, lineEnd, names, notes, readRows}.
//
// expected: names of which most are the header's.
export function readCsv(text, name, expected) {
  const layout = layoutOf(text, expected), records = recordsOf(text, {...layout, isStrict: true});
  const next = () => readable(name, () => records.next());
  let {above} = layout;
  for (let step = next(); !step.done; step = next()) {
    const {cells: header} = step.value;
    if (isFilled(header) && above-- === 0) {
      const table = {...layout, names: layout.namesOf(header)};
      return {...table, readRows: () => rowsOf(readable(name, () => [...records]), header.map(strip), table, name)};
    }
  }
  throw new FileFault(N_("{name} is empty. Its first line must contain the column names."), {name});
}

// What reading gives, where it can be read.
function readable(name, read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw new FileFault(N_("Line {line} of {name} cannot be read: {reason}. Check for a missing quotation mark."),
      {line: String(error.line), name, reason: {message: error.message}});
  }
}

// The records that are as long as the header. A line that is too short or too long is a mistake where
// others follow it, and no row where it ends the file.
function rowsOf(records, header, {names, notes}, name) {
  const rows = [], again = [], below = [];
  let isAfterGap = false;
  const refuseBelow = () => {
    if (below.length) throw ragged(below[0], names.length, name);
  };
  for (const record of records) {
    const {line, cells} = record;
    if (header.length > 1 && cells.length === header.length && cells.every((cell, i) => strip(cell) === header[i])) again.push(line);
    else if (cells.length === names.length && cells.some(Boolean) && !isDrawn(cells)) {
      refuseBelow();
      isAfterGap = false;
      rows.push(record);
    } else if (isFilled(cells)) {
      below.push(record);
      if (below.length > MOST_FOOTERS || !isFooter(below[0].cells, isAfterGap)) refuseBelow();
    } else isAfterGap ||= !below.length;
  }
  if (again.length) notes.push(counted(again, P_("Ignored {count} rows that repeat the column names (first: line {line})."), P_("Ignored {count} row that repeats the column names (line {line}).")));
  if (below.length) notes.push(linesBelow(below));
  return rows;
}

const counted = (lines, many, one) => ({message: lines.length === 1 ? one : many, values: {count: lines.length, line: lines[0]}});

const linesBelow = (records) => counted(records.map(({line}) => line),
  P_("Ignored {count} lines below the table (first: line {line})."), P_("Ignored {count} line below the table (line {line})."));

function ragged({line, cells}, width, name) {
  const message = cells.length === 1
    ? P_("Line {line} of {name} has {cells} cell, but the header has {width}. A separator inside a text needs quotation marks around the text.")
    : P_("Line {line} of {name} has {cells} cells, but the header has {width}. A separator inside a text needs quotation marks around the text.");
  return new FileFault(message, {line: String(line), name, cells: cells.length, width});
}

// Whether a short row may stand below a table: it comes after a gap, or holds words.
function isFooter(cells, isAfterGap) {
  const filled = cells.filter(strip);
  return isAfterGap ? filled.length <= 2 : filled.length === 1 && (filled[0].match(/\p{L}{2,}/gu) ?? []).length > 1;
}

// A table's rows without those that are none, though they have as many cells: units or labels below the
// names of the columns, and a sum or a padded footer below the table. notes: gets what they were.
//
// fields: place of a column -> its field; totals: what a sum is called, as a pattern.
export function rowsAlone(records, fields, totals, notes) {
  const labels = labelsOf(records, fields);
  notes.push(...labels.map(({line, cells}) => ({
    message: N_("Ignored line {line}, which holds units or labels, not values: {text}"), values: {line, text: inShort(cells)},
  })));
  const rows = records.slice(labels.length);
  let end = rows.length;
  while (end > 1 && rows.length - end < MOST_FOOTERS && isPadded(rows[end - 1].cells, fields)) end--;
  if (end < rows.length) notes.push(linesBelow(rows.splice(end)));
  if (!isSum(rows, fields, new RegExp(`^(?:${totals})$`, "iu"))) return rows;
  notes.push({message: N_("Ignored the last row (line {line}), which is the total of the others."), values: {line: rows.pop().line}});
  return rows;
}

const filledIn = (cells) => Array.from(cells.keys()).filter((at) => strip(cells[at]));

// First rows no cell of which its field would take. With no row below them they are rows that are wrong.
function labelsOf(records, fields) {
  const isLabels = ({cells}) => {
    const filled = filledIn(cells), amounts = filled.filter((at) => fields.has(at) && !fields.get(at).text);
    return areLabels(cells, amounts) && !filled.some((at) => isValue(cells, at, fields));
  };
  const other = records.slice(0, MOST_LABELS).findIndex((record) => !isLabels(record));
  const labels = records.slice(0, other < 0 ? MOST_LABELS : other);
  return labels.length < records.length ? labels : [];
}

// places: where a row has a text instead of an amount. Two are no mistake, and neither is a unit.
function areLabels(cells, places) {
  if (cells.some((cell) => isPlain(strip(cell)))) return false;
  return places.length > 1 || places.some((at) => isUnit(strip(cells[at]).replace(/^[()[\]]+|[()[\]]+$/g, "")));
}

function inShort(cells) {
  const signs = Array.from(cells.map(strip).filter(Boolean).join(" "));
  return signs.length <= LABEL_LENGTH ? signs.join("") : `${signs.slice(0, LABEL_LENGTH - 1).join("")}…`;
}

// Whether a row holds nothing but words that are no value of its column.
function isPadded(cells, fields) {
  const filled = filledIn(cells);
  return cells.length > 1 && filled.length === 1 && isFooter(cells, false) && !isValue(cells, filled[0], fields);
}

function isSum(rows, fields, totals) {
  const {cells} = rows.at(-1) ?? {cells: []}, [place] = filledIn(cells);
  if (rows.length < 2 || place === undefined) return false;
  const called = strip(cells[place]);
  return called.length < TOTAL_LENGTH && totals.test(called) && !isValue(cells, place, fields)
    && !rows.slice(0, -1).some((row) => strip(row.cells[place]) === called);
}

// Whether the field of a cell's column takes it without a remark.
function isValue(cells, place, fields) {
  if (!fields.has(place)) return false;
  try {
    return readValue(fields.get(place), cells[place]).warning === null;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    return false;
  }
}
