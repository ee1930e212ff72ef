// The name that resembles another most, as Python's difflib measures it.
export function nearest(word, names) {
  const scored = names.map((name) => [ratio(Array.from(name), Array.from(word)), name]);
  return scored.reduce((best, other) => (
    other[0] > best[0] || (other[0] === best[0] && other[1] > best[1]) ? other : best))[1];
}

// The name that resembles another most, and at least so much; null where none does.
export function closest(word, names, least) {
  const near = names.length ? nearest(word, names) : null;
  return near !== null && ratio(Array.from(near), Array.from(word)) >= least ? near : null;
}

function ratio(a, b) {
  const length = a.length + b.length;
  return length ? (2 * shared(a, b)) / length : 1;
}

// How many signs the longest common part has, and those to its left and right in turn.
function shared(a, b) {
  const [i, j, size] = longest(a, b);
  if (!size) return 0;
  return size + shared(a.slice(0, i), b.slice(0, j)) + shared(a.slice(i + size), b.slice(j + size));
}

function longest(a, b) {
  let best = [0, 0, 0], before = new Map();
  a.forEach((sign, i) => {
    const lengths = new Map();
    b.forEach((other, j) => {
      if (other !== sign) return;
      const size = (before.get(j - 1) ?? 0) + 1;
      lengths.set(j, size);
      if (size > best[2]) best = [i - size + 1, j - size + 1, size];
    });
    before = lengths;
  });
  return best;
}
