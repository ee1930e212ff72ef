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
  let low = prediction + Math.min(offset(interval.lower, prediction, valueOf), 0);
  const high = prediction + Math.max(offset(interval.upper, prediction, valueOf), 0);
  const {floor} = interval;
  if (floor !== null && low < floor) low = Math.min(floor, prediction);
  return [low, high];
}
