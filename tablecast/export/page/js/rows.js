// A file's rows, read and refused as the batch does (batch/match_columns.py, column_reader.py), and
// written back with their predictions (batch/predict_file.py).
import {FileFault, guarded, lineOf, withoutApostrophe} from "./csv.js";
import {readCsv, rowsAlone} from "./csv_table.js";
import {levelOf, N_, readValue, Refusal} from "./fields.js";
import {closest} from "./nearest.js";
import {fold, repr, strip} from "./texts.js";

const LISTED_NAMES = 5, SHOWN_REFUSALS = 100, REASON_LENGTH = 500, FORMULA = /^="([^"]*)"$/;
const ERROR_COLUMN = "prediction_error";

// A file that can be answered: {names, notes, count, answers}.
//
// rules: as openRules has them, and missing, what a cell says that has no value; totals, what a sum is
// called; comma, whether numbers are written with one.
export function openFile(rules, text, name) {
  const table = readCsv(text, name, rules.fields.map((field) => field.name));
  const places = matched(rules.fields, table.names, name);
  const absent = rules.fields.filter((field) => !places.has(field.name));
  if (absent.length) {
    const names = listed(absent.map((field) => repr(field.name)));
    table.notes.unshift({message: N_("The column {names} is missing, so typical values were used in every row."), values: {names}});
  }
  const fieldAt = new Map(rules.fields.filter(({name}) => places.has(name)).map((field) => [places.get(field.name), field]));
  table.records = rowsAlone(table.readRows(), fieldAt, rules.totals, table.notes);
  return {...table, count: table.records.length, answers: (page) => answersOf(rules, table, places, page)};
}

// Field name -> the place of its column. Throws FileFault where one is missing or there twice.
function matched(fields, names, file) {
  const tidy = names.map((name) => strip(name).normalize("NFC"));
  const own = new Set(fields.map(({name}) => name));
  const repeated = tidy.filter((name, i) => own.has(name) && tidy.indexOf(name) < i && !own.has(`${name} (2)`));
  if (repeated.length) {
    throw new FileFault(N_("{file} has more than one column named {names}. Rename or remove one."), {file, names: shortened(repeated.map(repr))});
  }
  const found = new Map(), folded = tidy.map(fold);
  for (const {name} of fields) {
    const mine = strip(name).normalize("NFC");
    const exact = tidy.findIndex((other) => other === mine || withoutApostrophe(other) === mine);
    const same = folded.flatMap((other, i) => (other === fold(name) ? [i] : []));
    if (exact >= 0) found.set(name, exact);
    else if (same.length === 1) found.set(name, same[0]);
  }
  checkMissing(fields, found, tidy.filter((name) => name && !own.has(name)), file);
  return found;
}

function checkMissing(fields, found, others, file) {
  const missing = fields.filter(({name}) => !found.has(name)).flatMap(({name, required}) => {
    const alike = others.find((other) => other.toLowerCase() === strip(name).toLowerCase());
    const near = alike ?? closest(name, others, required ? 0.6 : 0.8);
    if (near !== null) return [{near, name}];
    return required ? [{name}] : [];
  });
  if (!missing.length) return;
  const names = missing.map(({name, near}) => (near === undefined ? repr(name)
    : {message: N_("{name} (is it the column {near}?)"), values: {name: repr(name), near: repr(near)}}));
  throw new FileFault(N_("{file} has no column {names}. Its first line must contain the column names. Required columns: {needed}."),
    {file, names: shortened(names), needed: shortened(fields.map(({name}) => repr(name)))});
}

// A list within a sentence, and its first ones where it is long; say puts the commas of a language.
const listed = (parts) => ({parts, more: 0});
const shortened = (parts) => ({parts: parts.slice(0, LISTED_NAMES), more: Math.max(0, parts.length - LISTED_NAMES)});

// What a file's cell says: it has conventions that a form has not.
function meaning(field, cell, missing) {
  const text = strip(cell).replace(FORMULA, "$1");
  if (levelOf(field, text) !== null) return text;
  return missing.has(text) ? "" : withoutApostrophe(text);
}

// Reads the cells of a column; what was read once is known.
function readerOf(field, missing) {
  const known = new Map();
  return (cell) => {
    let read = known.get(cell);
    if (read) return read;
    try {
      read = readValue(field, cell === null ? null : meaning(field, cell, missing));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      read = {error: refusal.remark};
    }
    known.set(cell, read);
    return read;
  };
}

// The answered file, some rows at a time: yields how many rows are done, and returns
// {text, header, first, rows, refused, warned, refusals}.
//
// page: {predictAll, classes, hasRange, hasScores, say(remark), join(sentences), size, shown}
function* answersOf(rules, table, places, page) {
  const missing = new Set(rules.missing), added = addedColumns(page);
  const readers = rules.fields.map((field) => [field.name, places.get(field.name), readerOf(field, missing)]);
  const replaced = new Set([...added, ERROR_COLUMN]);
  const kept = table.names.flatMap((name, i) => (replaced.has(strip(name)) ? [] : [i]));
  const comma = rules.comma && table.separator !== ",";
  const header = [...kept.map((i) => table.names[i]), ...added, ERROR_COLUMN].map(guarded);
  const done = {header, first: [], rows: 0, refused: 0, warned: 0, refusals: []}, lines = [lineOf(header, table)];
  for (let start = 0; start < table.records.length; start += page.size) {
    const records = table.records.slice(start, start + page.size);
    const read = records.map(({cells}) => readRow(readers, cells));
    const answers = page.predictAll(read.filter(({errors}) => !errors).map(({row}) => row)).values();
    records.forEach(({line, cells}, i) => {
      const {errors, isWarned} = read[i];
      if (errors) {
        done.refused++;
        if (done.refusals.length < SHOWN_REFUSALS) done.refusals.push({line, errors});
      } else if (isWarned) done.warned++;
      const own = kept.map((place) => guarded(cells[place]));
      const tail = errors ? [...added.map(() => ""), reasonOf(errors, page)] : [...answerCells(answers.next().value, page, comma), ""];
      const whole = [...own, ...tail];
      if (done.first.length < page.shown) done.first.push(whole);
      lines.push(lineOf(whole, table));
    });
    done.rows += records.length;
    yield done.rows;
  }
  return {...done, text: lines.join("")};
}

function readRow(readers, cells) {
  const row = Object.create(null);
  let errors = null, isWarned = false;
  for (const [name, place, read] of readers) {
    const {value, warning, error} = read(place === undefined ? null : cells[place]);
    row[name] = value;
    if (error) (errors ??= []).push(error);
    if (warning && place !== undefined) isWarned = true;
  }
  return {row, errors, isWarned};
}

function addedColumns({classes, hasRange, hasScores}) {
  if (!hasScores) return ["prediction_label", ...(hasRange ? ["prediction_low", "prediction_high"] : [])];
  return ["prediction_label", "prediction_score", ...classes.map((label) => `prediction_score_${label}`)];
}

function answerCells({prediction, interval, probabilities}, {classes, hasRange, hasScores}, comma) {
  const number = (value) => {
    const text = Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
    return comma ? text.replace(".", ",") : text;
  };
  const label = classes.length ? guarded(String(prediction)) : number(prediction);
  if (hasScores) return [label, number(probabilities[prediction]), ...classes.map((each) => number(probabilities[each]))];
  return [label, ...(hasRange ? interval.map(number) : [])];
}

function reasonOf(errors, {say, join}) {
  const text = Array.from(join(errors.map((error) => say(error))));
  return guarded(text.length <= REASON_LENGTH ? text.join("") : `${text.slice(0, REASON_LENGTH - 1).join("")}…`);
}
