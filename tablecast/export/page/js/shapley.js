// How much each field adds to the mean answer (Shapley values), as inference/shapley.py computes it:
// over every set of fields, or over sampled orders.
import {about, followed, jsonValue} from "./answers.js";

// Why a row is answered as it is; null where the deployment keeps no distributions.
export function explain(page, row) {
  if (!page.background) return null;
  const {base, numbers, label, gains, errors} = page.background.orders
    ? sampled(page, row)
    : exact(page, row);
  return {
    ...about(page, numbers.at(-1), label), base, exact: !page.background.orders,
    fields: page.fields.map((field, i) => ({
      field: field.name, value: jsonValue(field, row[field.name]),
      contribution: gains[i], error: errors[i],
    })),
  };
}

// Every set of fields: in each the fields of the set are the row's and all others a draw's. Draws
// that differ in fields of the set only are one row, of more weight. A set's rows are those from its
// start to the next one's.
function planned(page) {
  const {draws} = page.background;
  const names = page.fields.map(({name}) => name), count = draws[names[0]].length;
  const plan = {drawn: [], weights: [], starts: [0]};
  for (let set = 0; set < 2 ** names.length; set++) {
    const absent = names.filter((_, i) => !((set >> i) & 1));
    const places = new Map();
    for (let draw = 0; draw < count; draw++) {
      const key = absent.map((name) => draws[name][draw]).join("\u0000");
      if (!places.has(key)) {
        places.set(key, plan.drawn.length);
        plan.drawn.push(draw);
        plan.weights.push(0);
      }
      plan.weights[places.get(key)] += 1 / count;
    }
    plan.starts.push(plan.drawn.length);
  }
  return plan;
}

function exact(page, row) {
  const {drawn, weights, starts} = page.plan ??= planned(page);
  const columns = Object.fromEntries(page.fields.map(({name}, i) => {
    const draws = page.background.draws[name], column = new Array(drawn.length);
    for (let set = 0; set + 1 < starts.length; set++) {
      const given = (set >> i) & 1;
      for (let k = starts[set]; k < starts[set + 1]; k++) column[k] = given ? row[name] : draws[drawn[k]];
    }
    return [name, column];
  }));
  const {numbers, label} = followed(page, columns);
  const worth = starts.slice(1).map((end, set) => {
    let sum = 0;
    for (let k = starts[set]; k < end; k++) sum += weights[k] * numbers[k];
    return sum;
  });
  const gains = page.fields.map((_, i) => shapleyValue(worth, i, page.fields.length));
  return {base: worth[0], numbers, label, gains, errors: gains.map(() => 0)};
}

function shapleyValue(worth, field, count) {
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

// Walks from each draw to the row, a field at a time, in a random order and in its reverse. A field
// that both share is no step.
function sampled(page, row) {
  const {draws, orders} = page.background;
  const names = page.fields.map(({name}) => name), count = names.length;
  const walks = Array.from({length: orders.length / count}, (_, draw) =>
    names.map((_name, i) => i).filter((i) => differ(draws[names[i]][draw], row[names[i]]))
      .sort((a, b) => orders[draw * count + a] - orders[draw * count + b]));
  const columns = Object.fromEntries(names.map((name) => [name, []]));
  const add = (draw, changed) => names.forEach((name, i) =>
    columns[name].push(changed.has(i) ? row[name] : draws[name][draw]));
  walks.forEach((_, draw) => add(draw, new Set()));
  walks.forEach((steps, draw) => {
    for (let taken = 1; taken < steps.length; taken++) {
      add(draw, new Set(steps.slice(0, taken)));
      add(draw, new Set(steps.slice(steps.length - taken)));
    }
  });
  names.forEach((name) => columns[name].push(row[name]));
  const {numbers, label} = followed(page, columns);
  const base = numbers.subarray(0, walks.length).reduce((sum, x) => sum + x, 0) / walks.length;
  return {base, numbers, label, ...averages(page, walks, numbers)};
}

function differ(a, b) {
  return a !== b && !(a !== a && b !== b);
}

// Each field's mean gain over the walks, and its standard error.
function averages(page, walks, numbers) {
  const count = page.fields.length;
  const gains = page.fields.map(() => new Float64Array(walks.length));
  let at = walks.length;
  walks.forEach((steps, draw) => {
    const last = steps.length;
    const there = [numbers[draw]], back = [numbers[draw]];
    for (let taken = 1; taken < last; taken++) {
      there.push(numbers[at++]);
      back.push(numbers[at++]);
    }
    there.push(numbers.at(-1));
    back.push(numbers.at(-1));
    steps.forEach((field, i) => {
      gains[field][draw] = (there[i + 1] - there[i] + back[last - i] - back[last - i - 1]) / 2;
    });
  });
  return {
    gains: gains.map((each) => each.reduce((sum, x) => sum + x, 0) / walks.length),
    errors: gains.map((each, i) => standardError(each, (n) => page.background.strata[n * count + i])),
  };
}

// From draws that are neighbours in the field's distribution.
function standardError(gains, stratum) {
  let squares = 0;
  for (let n = 1; n < gains.length; n++) squares += (gains[stratum(n)] - gains[stratum(n - 1)]) ** 2;
  return Math.sqrt(squares / (gains.length - 1) / 2 / gains.length);
}
