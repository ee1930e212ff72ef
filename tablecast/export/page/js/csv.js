// The text of a CSV file as records of cells, as Python's csv module reads it, and back.
import {N_} from "./fields.js";

// What is wrong with a file as a whole: {message, values}.
export class FileFault extends Error {
  constructor(message, values) {
    super(message);
    this.remark = {message, field: null, values};
  }
}

// The records of a text with the line on which each begins: {line, cells}. Quotation marks hold cells
// together that separators, line ends or such marks, then doubled, stand in.
//
// skips: whether spaces before a cell are none of it; isStrict: whether quotation marks have to be in
// their places, else Unreadable is thrown.
export function* recordsOf(text, {separator, skips, isStrict}) {
  for (let at = 0, line = 1; at < text.length;) {
    const end = endOf(text, at), plain = text.slice(at, end);
    const record = {line, cells: null};
    if (!skips && !plain.includes('"')) {
      record.cells = plain.split(separator);
      at = end;
    } else [record.cells, at, line] = cellsOf(text, at, line, separator, skips, isStrict);
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
function cellsOf(text, start, first, separator, skips, isStrict) {
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
          throw new Unreadable(first, N_("unexpected end of data"), false);
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
        throw new Unreadable(first, `'${separator}' expected after '"'`, true);
      }
    }
    const from = at;
    while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
    cells.push(cell + text.slice(from, at));
    if (text[at] !== separator) return [cells, at, line];
    at++;
  }
}

// isOdd: a cell goes on behind its quotation marks.
export class Unreadable extends Error {
  constructor(line, reason, isOdd) {
    super(reason);
    Object.assign(this, {line, isOdd});
  }
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
