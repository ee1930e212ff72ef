// The graph of a deployment, evaluated for some rows: one operator after the other, as onnxruntime
// does. Numbers are float64, and rounded where the graph has float32.
import {elementwise} from "./elementwise.js";
import {shapes} from "./shapes.js";
import {sums} from "./sums.js";
import {makeIn, numbers, sizeOf, unpack} from "./tensors.js";
import {grown, leavesReached, leavesSummed, MOST_ROWS} from "./trees.js";

export const operators = {
  ...elementwise, ...sums, ...shapes, TreeEnsembleRegressor: leavesReached, TreeSum: leavesSummed, Loop: null,
};

// Rows at a time: what one operator makes is still in the processor's cache when the next one reads.
const CHUNK = MOST_ROWS;

// A graph as graph_json.py writes it, ready to be evaluated.
//
// textNumber: text -> its number in the list of all texts that the graph has met.
export function openGraph(packed) {
  const texts = [], known = new Map();
  const textNumber = (text) => {
    if (!known.has(text)) {
      known.set(text, texts.length);
      texts.push(text);
    }
    return known.get(text);
  };
  const constants = packed.constants.map(({kind, shape, data}) => ({
    kind, shape, data: kind === "text" ? Float64Array.from(data, textNumber) : unpack(data),
  }));
  const nodes = packed.nodes.map((node) => readied(node, textNumber));
  return {...packed, constants, nodes, texts, textNumber, rooms: packed.inputs.map(() => [])};
}

// A node as {kind, inputs, outputs, attributes, rooms}: what can be made ready once is.
function readied([kind, inputs, outputs, written], textNumber) {
  let attributes = written;
  if (kind === "LabelEncoder") attributes = {...written, codes: codesOf(written, textNumber)};
  if (isTrees(kind)) attributes = {...written, ...grown(written)};
  if (kind === "Loop") attributes = {body: {...written.body, nodes: written.body.nodes.map((node) => readied(node, textNumber))}};
  return {kind, inputs, outputs, attributes, rooms: []};
}

const isTrees = (kind) => kind === "TreeEnsembleRegressor" || kind === "TreeSum";

// text's number -> code
function codesOf({keys_strings: keys, values_int64s: values, default_int64: other}, textNumber) {
  const places = keys.map(textNumber);
  const codes = new Float64Array(Math.max(0, ...places) + 1).fill(other);
  places.forEach((place, i) => { codes[place] = values[i]; });
  return codes;
}

// The outputs of a graph by name, each {kind, shape, data}; those of text have an array of texts.
//
// columns: name -> numbers (NaN where missing; of texts, textNumber's) or texts ("" where missing),
// all of one length.
export function evaluate(model, columns) {
  const rows = Object.values(columns)[0].length;
  const made = {};
  for (let start = 0; start < rows; start += CHUNK) {
    const end = Math.min(rows, start + CHUNK), tensors = evaluateChunk(model, columns, start, end);
    for (const [name, number] of Object.entries(model.outputs)) {
      const {kind, shape, data} = tensors[number], width = data.length / (end - start);
      made[name] ??= {kind, shape: rows > CHUNK ? [rows, ...shape.slice(1)] : shape, data: new Float64Array(rows * width)};
      made[name].data.set(data, start * width);
    }
  }
  for (const one of Object.values(made)) {
    if (one.kind === "text") one.data = Array.from(one.data, (number) => model.texts[number]);
  }
  return made;
}

function evaluateChunk(model, columns, start, end) {
  const tensors = model.constants.slice();
  model.inputs.forEach((input, i) => {
    makeIn(model.rooms[i]);
    tensors[input.number] = fed(input, columns, start, end, model.textNumber);
  });
  run(model.nodes, tensors, true);
  return tensors;
}

// Columns side by side, as an input of shape (rows, columns).
function fed(input, columns, start, end, textNumber) {
  const shape = [end - start, input.columns.length], data = numbers(sizeOf(shape));
  const isText = input.kind === "text";
  input.columns.forEach((name, place) => {
    const column = columns[name], areTexts = isText && !(column instanceof Float64Array);
    for (let row = start, at = place; row < end; row++, at += shape[1]) {
      data[at] = areTexts ? textNumber(column[row]) : column[row];
    }
  });
  return {kind: isText ? "text" : "double", shape, data};
}

// In a loop every turn makes its tensors anew, since the next one reads them.
function run(nodes, tensors, isOnce) {
  for (const {kind, inputs, outputs, attributes, rooms} of nodes) {
    const read = inputs.map((number) => (number === null ? undefined : tensors[number]));
    makeIn(isOnce ? rooms : null);
    let made;
    if (kind === "Loop") made = repeat(attributes, read, tensors);
    else if (kind === "Split") made = operators.Split(attributes, read[0], read[1], outputs.length);
    else made = operators[kind](attributes, ...read);
    if (Array.isArray(made)) made.forEach((x, i) => { tensors[outputs[i]] = x; });
    else tensors[outputs[0]] = made;
  }
}

// The body is evaluated until it says stop, and at most so many times.
function repeat({body}, [most, going, state], tensors) {
  for (let turn = 0; turn < most.data[0] && going.data[0]; turn++) {
    const [turnNumber, goingNumber, stateNumber] = body.inputs;
    tensors[turnNumber] = {kind: "int", shape: [], data: Float64Array.of(turn)};
    tensors[goingNumber] = going;
    tensors[stateNumber] = state;
    run(body.nodes, tensors, false);
    [going, state] = body.outputs.map((number) => tensors[number]);
  }
  return state;
}
