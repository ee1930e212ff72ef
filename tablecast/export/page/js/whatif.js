// How the prediction changes with one field, for every field (inference/whatif.py).
import {about, followed, jsonValue, numberOf} from "./answers.js";
import {rangeOf} from "./interval.js";

// The values over which a field is followed: the row's own is among them, a missing one never is.
function grid(field, present) {
  if (present === "" || present !== present) return field.grid;
  if (!field.text) return field.grid.includes(present) ? field.grid : merged(field.grid, present);
  if (field.grid.includes(present)) return field.grid;
  // The least frequent level makes room for the row's own, where there are too many.
  const kept = field.grid.length < field.most ? field.grid : field.grid.filter((x) => x !== field.rarest);
  const shown = field.levels.filter((level) => level === present || kept.includes(level));
  return field.levels.includes(present) ? shown : [...shown, present];
}

function merged(numbers, present) {
  return [...numbers, present].sort((a, b) => a - b);
}

// Every field's course, from one evaluation of the graph. answer: the row's own.
export function whatIf(page, row, answer) {
  const tried = page.fields.map((field) => grid(field, row[field.name]));
  const starts = [0];
  tried.forEach((values) => starts.push(starts.at(-1) + values.length));
  const columns = Object.fromEntries(page.fields.map((field, i) => {
    const column = new Float64Array(starts.at(-1)).fill(numberOf(page, field, row[field.name]));
    tried[i].forEach((value, k) => { column[starts[i] + k] = numberOf(page, field, value); });
    return [field.name, column];
  }));
  const explained = about(page, answer);
  const numbers = starts.at(-1) ? followed(page, columns, explained.class) : [];
  return {
    ...explained,
    fields: page.fields.map((field, i) => {
      const answers = Array.from(numbers.slice(starts[i], starts[i + 1]));
      const present = tried[i].indexOf(row[field.name]);
      const rangeAt = (k) => rangeOf(page.interval, answers[k], (name) => (name === field.name ? tried[i][k] : row[name]));
      return {
        field: field.name,
        values: tried[i].map((value) => jsonValue(field, value)),
        answers,
        present: present < 0 ? null : present,
        intervals: page.interval && answers.length ? answers.map((_, k) => rangeAt(k)) : null,
      };
    }),
  };
}
