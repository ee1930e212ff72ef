// How much each field adds to the mean answer (Shapley values), as inference/shapley.py computes it:
// over every set of fields, or over sampled orders.
import {about, followed, jsonValue, numberOf} from "./answers.js";

// Why a row is answered as it is; null where the deployment keeps no distributions. answer: its own.
export function explain(page, row, answer) {
  if (!page.background) return null;
  const explained = about(page, answer);
  const own = page.fields.map((field) => numberOf(page, field, row[field.name]));
  const explaining = page.background.orders ? sampled : exact;
  const {base, gains, errors} = explaining(page, own, explained);
  return {
    ...explained, base, exact: !page.background.orders,
    fields: page.fields.map((field, i) => ({
      field: field.name, value: jsonValue(field, row[field.name]),
      contribution: gains[i], error: errors[i],
    })),
  };
}

// Every set of fields: in each the fields of the set are the row's and all others a draw's. Draws
// that differ in fields of the set only are one row, of more weight. One row after the other differs
// in one field where it can, which trees are quick with.
function planned(page) {
  const {draws} = page.background, fields = draws.length, count = draws[0].length;
  const alike = alikeOf(draws), whole = 2 ** fields - 1;
  const plan = {drawn: [], sets: [], weights: []};
  for (let draw = 0; draw < count; draw++) {
    for (let i = 0; i <= whole; i++) {
      const absent = i ^ (i >> 1), members = alike[absent].reduce((n, one) => n + (one === draw), 0);
      if (!members) continue;
      plan.drawn.push(draw);
      plan.sets.push(whole ^ absent);
      plan.weights.push(members / count);
    }
  }
  return plan;
}

// For each set of fields, of each draw the first one that agrees with it in all of them.
function alikeOf(draws) {
  const count = draws[0].length, alike = [new Int32Array(count)];
  draws.forEach((column, field) => {
    const first = Int32Array.from(column, (value) => column.findIndex((other) => !differ(value, other)));
    for (let set = 1 << field; set < 2 << field; set++) {
      const firsts = new Int32Array(count * count).fill(-1), rest = alike[set - (1 << field)];
      alike[set] = Int32Array.from(rest, (one, draw) => {
        const both = one * count + first[draw];
        if (firsts[both] < 0) firsts[both] = draw;
        return firsts[both];
      });
    }
  });
  return alike;
}

function exact(page, own, {class: label}) {
  const {drawn, sets, weights} = page.plan ??= planned(page);
  const columns = Object.fromEntries(page.fields.map(({name}, i) => {
    const draws = page.background.draws[i];
    return [name, Float64Array.from(sets, (set, k) => ((set >> i) & 1 ? own[i] : draws[drawn[k]]))];
  }));
  const numbers = followed(page, columns, label);
  const worth = new Float64Array(2 ** page.fields.length);
  sets.forEach((set, k) => { worth[set] += weights[k] * numbers[k]; });
  const gains = page.fields.map((_, i) => shapleyValue(worth, i, page.fields.length));
  return {base: worth[0], gains, errors: gains.map(() => 0)};
}

export function shapleyValue(worth, field, count) {
  const joins = joinWeights(count);
  return worth.reduce((sum, value, set) => {
    if ((set >> field) & 1) return sum;
    return sum + joins[bits(set)] * (worth[set | (1 << field)] - value);
  }, 0);
}

// The share of all orders in which a field joins after so many others: s! (n - s - 1)! / n!
function joinWeights(count) {
  const weights = [1 / count];
  for (let size = 1; size < count; size++) weights.push((weights[size - 1] * size) / (count - size));
  return weights;
}

function bits(set) {
  let count = 0;
  for (; set; set &= set - 1) count++;
  return count;
}

function sampled(page, own, explained) {
  const {draws, orders, strata} = page.background, count = draws.length, walks = draws[0].length;
  const {numbers, gains} = walked(page, draws, orders, own, explained);
  return {
    base: numbers.subarray(0, walks).reduce((sum, x) => sum + x, 0) / walks,
    gains: gains.map(mean),
    errors: gains.map((each, i) => standardError(each, (n) => strata[n * count + i])),
  };
}

export const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

// Walks from each draw to the row, a field at a time, in a random order and in its reverse. A field
// that both share is no step. The rows that are answered: the draws, then each walk's stops between
// its ends, there and back. gains: of each field, what it changed in each walk, the mean of both ways.
export function walked(page, draws, orders, own, {class: label, answer: end}) {
  const count = draws.length, walks = draws[0].length;
  const steps = Array.from({length: walks}, (_, walk) =>
    draws.map((_column, i) => i).filter((i) => differ(draws[i][walk], own[i]))
      .sort((a, b) => orders[walk * count + a] - orders[walk * count + b]));
  const starts = [walks];
  steps.forEach(({length}) => starts.push(starts.at(-1) + 2 * Math.max(0, length - 1)));
  const columns = page.fields.map((_, i) => {
    const column = new Float64Array(starts.at(-1));
    column.set(draws[i]);
    for (let walk = 0; walk < walks; walk++) column.fill(draws[i][walk], starts[walk], starts[walk + 1]);
    return column;
  });
  steps.forEach((fields, walk) => fields.forEach((i, place) => {
    const middle = (starts[walk] + starts[walk + 1]) / 2;
    columns[i].fill(own[i], starts[walk] + place, middle);
    columns[i].fill(own[i], middle + fields.length - 1 - place, starts[walk + 1]);
  }));
  const named = Object.fromEntries(page.fields.map(({name}, i) => [name, columns[i]]));
  const numbers = followed(page, named, label);
  const gains = page.fields.map(() => new Float64Array(walks));
  steps.forEach((fields, walk) => {
    const last = fields.length, middle = (starts[walk] + starts[walk + 1]) / 2;
    const there = [numbers[walk], ...numbers.subarray(starts[walk], middle), end];
    const back = [numbers[walk], ...numbers.subarray(middle, starts[walk + 1]), end];
    fields.forEach((field, i) => {
      gains[field][walk] = (there[i + 1] - there[i] + back[last - i] - back[last - i - 1]) / 2;
    });
  });
  return {numbers, gains};
}

export function differ(a, b) {
  return a !== b && !(a !== a && b !== b);
}

// From draws that are neighbours in the field's distribution.
function standardError(gains, stratum) {
  let squares = 0;
  for (let n = 1; n < gains.length; n++) squares += (gains[stratum(n)] - gains[stratum(n - 1)]) ** 2;
  return Math.sqrt(squares / (gains.length - 1) / 2 / gains.length);
}
