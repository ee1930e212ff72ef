import {numbers, tensor, unpack} from "./tensors.js";

// Trees as trees_json.py writes them: nodes in the order in which a walk meets them that takes the
// true child first, so that only the place of the false one has to be known. A leaf's feature is -1,
// its value is its weight, which where a table says more of it is its number.
export function grown(packed) {
  const features = Int32Array.from(unpack(packed.features));
  const count = features.length;
  const trees = {
    features, values: new Float64Array(count), missing: new Uint8Array(count),
    others: new Int32Array(count), numbers: new Int32Array(count), roots: [], strict: packed.strict, targets: packed.targets,
  };
  const thresholds = unpack(packed.thresholds), tracks = unpack(packed.missing);
  const weights = unpack(packed.weights), target = unpack(packed.leaf_targets);
  const open = [];
  for (let node = 0, branch = 0, leaf = 0, atRoot = true; node < count; node++) {
    if (atRoot) trees.roots.push(node);
    atRoot = false;
    if (features[node] >= 0) {
      trees.values[node] = thresholds[branch];
      trees.missing[node] = tracks[branch++];
      open.push(node);
    } else {
      trees.values[node] = trees.numbers[node] = weights[leaf];
      trees.others[node] = target[leaf++];
      if (open.length) trees.others[open.pop()] = node + 1;
      else atRoot = true;
    }
  }
  return trees;
}

// Which leaf of one tree each row reaches, one row after the other.
function descend(trees, root, {data, shape: [rows, width]}, leaves) {
  const {features, values, missing, others, strict} = trees;
  for (let row = 0, at = 0; row < rows; row++, at += width) {
    let node = root;
    for (let feature = features[node]; feature >= 0; feature = features[node]) {
      const value = data[at + feature], threshold = values[node];
      const yes = strict ? value < threshold : value <= threshold;
      node = yes || (value !== value && missing[node]) ? node + 1 : others[node];
    }
    leaves[row] = node;
  }
}

// Rows as bits of four words, and the most values of a feature that are worth telling apart.
export const MOST_ROWS = 128;
const WORDS = 4, MOST_VALUES = 32;

// Of rows that share their values, as those of explanations do, which have which: of each feature its
// values in rising order, the rows of all before each one, and those without a value. Null where the
// rows have too many values.
function sorted({data, shape: [rows, width]}) {
  if (rows < WORDS || rows > MOST_ROWS) return null;
  const features = [];
  for (let feature = 0; feature < width; feature++) {
    const values = [];
    for (let row = 0; row < rows; row++) {
      const value = data[row * width + feature];
      if (value === value && !values.includes(value) && values.push(value) > MOST_VALUES) return null;
    }
    features.push(placed(data, rows, width, feature, values.sort((a, b) => a - b)));
  }
  return features;
}

function placed(data, rows, width, feature, values) {
  const before = new Int32Array((values.length + 1) * WORDS), none = new Int32Array(WORDS);
  for (let row = 0; row < rows; row++) {
    const value = data[row * width + feature], word = row >> 5, bit = 1 << (row & 31);
    if (value !== value) none[word] |= bit;
    else for (let k = values.indexOf(value) + 1; k <= values.length; k++) before[k * WORDS + word] |= bit;
  }
  return {values: Float64Array.from(values), before, none};
}

// As descend, for all rows that go the same way at once. a, b, c and d: the words of those at a node.
function descendTogether(trees, node, sortedRows, leaves, a, b, c, d) {
  const {features, values, missing, others, strict} = trees;
  for (let feature = features[node]; feature >= 0; feature = features[node]) {
    const {values: own, before, none} = sortedRows[feature], threshold = values[node];
    let k = 0;
    if (strict) while (k < own.length && own[k] < threshold) k++;
    else while (k < own.length && own[k] <= threshold) k++;
    const at = k * WORDS, also = missing[node] ? -1 : 0;
    const yesA = a & (before[at] | (none[0] & also)), yesB = b & (before[at + 1] | (none[1] & also));
    const yesC = c & (before[at + 2] | (none[2] & also)), yesD = d & (before[at + 3] | (none[3] & also));
    if (yesA === a && yesB === b && yesC === c && yesD === d) node++;
    else {
      if (yesA | yesB | yesC | yesD) descendTogether(trees, node + 1, sortedRows, leaves, yesA, yesB, yesC, yesD);
      a ^= yesA, b ^= yesB, c ^= yesC, d ^= yesD;
      node = others[node];
    }
  }
  put(node, leaves, a, 0);
  put(node, leaves, b, 32);
  put(node, leaves, c, 64);
  put(node, leaves, d, 96);
}

function put(node, leaves, word, start) {
  for (let rest = word; rest; rest &= rest - 1) leaves[start + 31 - Math.clz32(rest & -rest)] = node;
}

// Tells of each tree in turn which leaf each row reaches.
function eachTree(trees, x, tell) {
  const rows = x.shape[0], leaves = new Int32Array(Math.max(rows, MOST_ROWS));
  const sortedRows = x.sorted === undefined ? (x.sorted = sorted(x)) : x.sorted; // boosted classes share it
  const [a, b, c, d] = [32, 64, 96, 128].map((end) => allBut(end - rows));
  for (const root of trees.roots) {
    if (sortedRows) descendTogether(trees, root, sortedRows, leaves, a, b, c, d);
    else descend(trees, root, x, leaves);
    tell(leaves);
  }
}

// A word without so many of its last bits.
const allBut = (count) => (count >= 32 ? 0 : count <= 0 ? -1 : -1 >>> count);

// Which leaves each row reaches, as the sum of their weights for each target.
export function leavesReached(trees, x) {
  const rows = x.shape[0], {targets, others, values} = trees;
  const data = numbers(rows * targets).fill(0);
  eachTree(trees, x, (leaves) => {
    for (let row = 0; row < rows; row++) data[row * targets + others[leaves[row]]] += values[leaves[row]];
  });
  return tensor("float", [rows, targets], data);
}

// The sum of what a table says of the leaves that each row reaches, tree after tree.
export function leavesSummed(trees, x, table) {
  const rows = x.shape[0], said = table.data, width = said.length / table.shape[0];
  const data = numbers(rows * width).fill(0), leafNumbers = trees.numbers;
  const addOne = (leaves) => {
    for (let row = 0; row < rows; row++) data[row] += said[leafNumbers[leaves[row]]];
  };
  const addAll = (leaves) => {
    for (let row = 0, i = 0; row < rows; row++) {
      for (let k = 0, j = leafNumbers[leaves[row]] * width; k < width; k++) data[i++] += said[j++];
    }
  };
  eachTree(trees, x, width === 1 ? addOne : addAll);
  return {kind: table.kind, shape: [rows, ...table.shape.slice(1)], data};
}
