// What a factor of a range makes of a value, given its cut and the lowest training value
// (schema/factors.py).
export const formulas = {
  value: (value) => value,
  square: (value) => value * value,
  inverse: (value) => 1 / value,
  log: (value, cut, low) => Math.log(value - low + 1),
  above: (value, cut) => (value > cut ? 1 : 0),
  beyond: (value, cut) => (value > cut ? value - cut : 0),
};

function held(value, {low, high, typical}) {
  const known = value !== value ? typical : value;
  return Math.min(Math.max(known, low), high);
}

function factor(part, value) {
  if (part.kind === "level") return value === part.level ? 1 : 0;
  return formulas[part.kind](held(value, part), part.cut, part.low);
}

// A straight line between two points, and the same offset beyond the outermost ones.
function line({at, offsets}, prediction) {
  const after = at.findIndex((x) => x > prediction);
  if (after === 0) return offsets[0];
  if (after < 0) return offsets.at(-1);
  const fraction = (prediction - at[after - 1]) / (at[after] - at[after - 1]);
  return offsets[after - 1] + fraction * (offsets[after] - offsets[after - 1]);
}

function offset(edge, prediction, valueOf) {
  let sum = line(edge, prediction);
  for (const number of edge.numbers) sum += number.slope * held(valueOf(number.field), number);
  for (const {field, adds} of edge.levels) {
    if (Object.hasOwn(adds, valueOf(field))) sum += adds[valueOf(field)];
  }
  for (const {weight, factors} of edge.terms ?? []) {
    sum += factors.reduce((product, part) => product * factor(part, valueOf(part.field)), weight);
  }
  return sum;
}

// The range that a prediction lies in: [low, high].
//
// interval: as the deployment's description has it; valueOf: field name -> the row's value.
export function rangeOf(interval, prediction, valueOf) {
  if (prediction !== prediction) return [NaN, NaN];
  const low = prediction + offset(interval.lower, prediction, valueOf);
  const high = prediction + offset(interval.upper, prediction, valueOf);
  return within(interval.limits, prediction, low, high);
}

// A whole number that a sum has missed by less than this is meant.
const HAIR = 1e-9;

// Both ends, held to the limits; the answer lies between them, whatever it is.
function within({floor, ceiling, whole}, prediction, low, high) {
  let from = floor === null ? low : Math.max(low, floor);
  let to = ceiling === null ? high : Math.min(high, ceiling);
  if (!whole) return [Math.min(from, prediction), Math.max(to, prediction)];
  // Rounded inwards the same whole numbers lie inside.
  from = Math.ceil(from - HAIR);
  to = Math.floor(to + HAIR);
  return [Math.min(from, Math.floor(prediction)), Math.max(to, Math.ceil(prediction))]
    .map((end) => Math.min(Math.max(end, -(2 ** 53)), 2 ** 53));
}
