// How the prediction changes with one field, for every field (inference/whatif.py).
import {about, followed, jsonValue} from "./answers.js";
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

// Every field's course, from one evaluation of the graph.
export function whatIf(page, row) {
  const tried = page.fields.map((field) => grid(field, row[field.name]));
  const starts = [0];
  tried.forEach((values) => starts.push(starts.at(-1) + values.length));
  const rows = starts.at(-1) + 1;
  const columns = Object.fromEntries(page.fields.map(({name}, i) => {
    const column = new Array(rows).fill(row[name]);
    tried[i].forEach((value, k) => { column[starts[i] + k] = value; });
    return [name, column];
  }));
  const {numbers, label} = followed(page, columns);
  const rangeAt = (at) => rangeOf(page.interval, numbers[at], (name) => columns[name][at]);
  return {
    ...about(page, numbers.at(-1), label),
    fields: page.fields.map((field, i) => {
      const places = tried[i].map((_, k) => starts[i] + k);
      const present = tried[i].indexOf(row[field.name]);
      return {
        field: field.name,
        values: tried[i].map((value) => jsonValue(field, value)),
        answers: places.map((at) => numbers[at]),
        present: present < 0 ? null : present,
        intervals: page.interval && places.length ? places.map(rangeAt) : null,
      };
    }),
  };
}
