import {tensor, unpack} from "./tensors.js";

// Trees as trees_json.py writes them: nodes in the order in which a walk meets them that takes the
// true child first, so that only the place of the false one has to be known. A leaf's feature is -1.
function grown(packed) {
  const features = Int32Array.from(unpack(packed.features));
  const count = features.length;
  const trees = {
    features, values: new Float64Array(count), missing: new Uint8Array(count),
    others: new Int32Array(count), roots: [], strict: packed.strict, targets: packed.targets,
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
      trees.values[node] = weights[leaf];
      trees.others[node] = target[leaf++];
      if (open.length) trees.others[open.pop()] = node + 1;
      else atRoot = true;
    }
  }
  return trees;
}

function leafOf(trees, root, x, row) {
  const {features, values, missing, others, strict} = trees;
  let node = root;
  for (let feature = features[node]; feature >= 0; feature = features[node]) {
    const value = x[row + feature], threshold = values[node];
    const yes = strict ? value < threshold : value <= threshold;
    node = yes || (value !== value && missing[node]) ? node + 1 : others[node];
  }
  return node;
}

const known = new WeakMap();

// Which leaves each row reaches, as the sum of their weights for each target.
export function treeEnsemble(attributes, x) {
  if (!known.has(attributes)) known.set(attributes, grown(attributes));
  const trees = known.get(attributes);
  const [rows, width] = x.shape;
  const data = new Float64Array(rows * trees.targets);
  for (const root of trees.roots) {
    for (let row = 0; row < rows; row++) {
      const leaf = leafOf(trees, root, x.data, row * width);
      data[row * trees.targets + trees.others[leaf]] += trees.values[leaf];
    }
  }
  return tensor("float", [rows, trees.targets], data);
}
