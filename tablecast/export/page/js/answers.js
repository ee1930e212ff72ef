import {evaluate} from "./graph.js";
import {rangeOf} from "./interval.js";

// The graph's answers to columns: {labels, probabilities}; of each row an array of probabilities, or
// null where the estimator has none.
function answer(page, columns) {
  const {prediction_label: label, probabilities} = evaluate(page.graph, columns);
  return {labels: label.data, probabilities: probabilities ?? null};
}

// The number of each row that is explained: for classes, the probability of one.
export function followed(page, columns, label) {
  const {labels, probabilities} = answer(page, columns);
  if (page.task === "regression") return labels;
  if (!probabilities) return Float64Array.from(labels, (x) => (x === label ? 1 : 0));
  const width = page.classes.length, index = page.classes.indexOf(label);
  return Float64Array.from(labels, (_, row) => probabilities.data[row * width + index]);
}

// A field's value as the graph takes it: a text's number.
export function numberOf(page, field, value) {
  return field.text ? page.graph.textNumber(value) : value;
}

// Each row's answer, its range where the deployment has ranges, and its probabilities by class.
export function answerRows(page, rows) {
  const columns = Object.fromEntries(page.fields.map((field) => [
    field.name, Float64Array.from(rows, (row) => numberOf(page, field, row[field.name])),
  ]));
  const {labels, probabilities} = answer(page, columns), width = page.classes.length;
  return Array.from(labels, (prediction, i) => ({
    prediction,
    interval: page.interval ? rangeOf(page.interval, prediction, (name) => rows[i][name]) : null,
    probabilities: probabilities
      ? Object.fromEntries(page.classes.map((label, k) => [label, probabilities.data[i * width + k]]))
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

// What is explained: the answer in its unit, or the probability of its class.
export function about(page, {prediction, probabilities}) {
  if (page.task === "regression") return {answer: prediction, unit: page.unit, class: null};
  return {
    answer: probabilities ? probabilities[prediction] : 1, unit: "probability", class: prediction,
  };
}
