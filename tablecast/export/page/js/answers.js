import {evaluate} from "./graph.js";
import {rangeOf} from "./interval.js";

// The graph's answers to columns: {labels, probabilities}; of each row an array of probabilities, or
// null where the estimator has none.
export function answer(page, columns) {
  const {prediction_label: label, probabilities} = evaluate(page.graph, columns);
  return {labels: label.data, probabilities: probabilities ?? null};
}

// The number of each row that is explained: for classes, the probability of the last row's class.
export function followed(page, columns) {
  const {labels, probabilities} = answer(page, columns);
  if (page.task === "regression") return {numbers: labels, label: null};
  const label = labels.at(-1);
  if (!probabilities) return {numbers: Float64Array.from(labels, (x) => (x === label ? 1 : 0)), label};
  const width = page.classes.length, index = page.classes.indexOf(label);
  return {numbers: Float64Array.from(labels, (_, row) => probabilities.data[row * width + index]), label};
}

// A row for each of several values of each field, as columns: field name -> array.
export function columnsOf(page, rows) {
  return Object.fromEntries(page.fields.map(({name}) => [name, rows.map((row) => row[name])]));
}

// Each row's answer, its range where the deployment has ranges, and its probabilities by class.
export function answerRows(page, columns) {
  const {labels, probabilities} = answer(page, columns);
  const width = page.classes.length;
  return Array.from(labels, (prediction, row) => ({
    prediction,
    interval: page.interval
      ? rangeOf(page.interval, prediction, (name) => columns[name][row])
      : null,
    probabilities: probabilities
      ? Object.fromEntries(page.classes.map((label, i) => [label, probabilities.data[row * width + i]]))
      : null,
  }));
}

const DAY = 86400;

function moment(seconds, inDays) {
  const text = new Date(Math.floor(seconds) * 1000).toISOString();
  if (inDays && seconds % DAY === 0) return text.slice(0, 10);
  const parts = Math.round((seconds - Math.floor(seconds)) * 1e6);
  return text.slice(0, 19) + (parts ? `.${String(parts).padStart(6, "0")}` : "") + "Z";
}

// A value as the API writes it; null for a missing one.
export function jsonValue(field, value) {
  if (value === "" || value !== value) return null;
  if (field.moment) return moment(value, field.days);
  return field.truths ? field.truths[value] ?? false : value;
}

// What is explained: the answer in its unit, or a class's probability.
export function about(page, number, label) {
  return {answer: number, unit: page.task === "regression" ? page.unit : "probability", class: label};
}
