// The graph of a deployment, evaluated for some rows: one operator after the other, as onnxruntime
// does. Numbers are float64, and rounded where the graph has float32.
import {elementwise} from "./elementwise.js";
import {shapes} from "./shapes.js";
import {sums} from "./sums.js";
import {sizeOf, unpack} from "./tensors.js";
import {treeEnsemble} from "./trees.js";

export const operators = {
  ...elementwise, ...sums, ...shapes, TreeEnsembleRegressor: treeEnsemble, Loop: null,
};

// Rows at a time: what one operator makes is still in the processor's cache when the next one reads.
const CHUNK = 256;

// A graph as graph_json.py writes it, ready to be evaluated.
export function openGraph(packed) {
  const constants = packed.constants.map(({kind, shape, data}) => ({
    kind, shape, data: kind === "text" ? data : unpack(data),
  }));
  return {...packed, constants};
}

// The outputs of a graph by name, each {kind, shape, data}.
//
// columns: name -> numbers (NaN where missing) or texts ("" where missing), all of one length.
export function evaluate(model, columns) {
  const rows = Object.values(columns)[0].length;
  const parts = [];
  for (let start = 0; start < rows; start += CHUNK) {
    parts.push(evaluateChunk(model, columns, start, Math.min(rows, start + CHUNK)));
  }
  return Object.fromEntries(Object.keys(parts[0]).map((name) => [name, joined(parts, name)]));
}

function joined(parts, name) {
  const first = parts[0][name];
  if (parts.length === 1) return first;
  const shape = [parts.reduce((rows, part) => rows + part[name].shape[0], 0), ...first.shape.slice(1)];
  const data = first.kind === "text" ? [] : new Float64Array(sizeOf(shape));
  let start = 0;
  for (const part of parts) {
    const values = part[name].data;
    for (let i = 0; i < values.length; i++) data[start + i] = values[i];
    start += values.length;
  }
  return {kind: first.kind, shape, data};
}

function evaluateChunk(model, columns, start, end) {
  const tensors = model.constants.slice();
  model.inputs.forEach((input) => { tensors[input.number] = fed(input, columns, start, end); });
  run(model.nodes, tensors);
  const outputs = Object.entries(model.outputs);
  return Object.fromEntries(outputs.map(([name, number]) => [name, tensors[number]]));
}

// Columns side by side, as an input of shape (rows, columns).
function fed(input, columns, start, end) {
  const shape = [end - start, input.columns.length];
  if (input.kind === "text") {
    return {kind: "text", shape, data: Array.from(columns[input.columns[0]].slice(start, end))};
  }
  const data = new Float64Array(sizeOf(shape));
  input.columns.forEach((name, column) => {
    for (let row = start; row < end; row++) data[(row - start) * shape[1] + column] = columns[name][row];
  });
  return {kind: "double", shape, data};
}

function run(nodes, tensors) {
  for (const [kind, inputs, outputs, attributes] of nodes) {
    const read = inputs.map((number) => (number === null ? undefined : tensors[number]));
    let made;
    if (kind === "Loop") made = repeat(attributes, read, tensors);
    else if (kind === "Split") made = operators.Split(attributes, read[0], read[1], outputs.length);
    else made = operators[kind](attributes, ...read);
    (Array.isArray(made) ? made : [made]).forEach((x, i) => { tensors[outputs[i]] = x; });
  }
}

// The body is evaluated until it says stop, and at most so many times.
function repeat({body}, [most, going, state], tensors) {
  for (let turn = 0; turn < most.data[0] && going.data[0]; turn++) {
    const [turnNumber, goingNumber, stateNumber] = body.inputs;
    tensors[turnNumber] = {kind: "int", shape: [], data: Float64Array.of(turn)};
    tensors[goingNumber] = going;
    tensors[stateNumber] = state;
    run(body.nodes, tensors);
    [going, state] = body.outputs.map((number) => tensors[number]);
  }
  return state;
}
