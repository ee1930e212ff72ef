// Tensors of a few rows: {kind, shape, data}. Kinds are "double", "float", "int", "bool" and "text";
// data is a Float64Array. A float's numbers are rounded when they are made; a text is its number in
// the graph's list of texts.

const TYPES = {
  u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array,
};
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function bytesOf(base64) {
  const digit = new Uint8Array(128);
  for (let i = 0; i < 64; i++) digit[DIGITS.charCodeAt(i)] = i;
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((base64.length / 4) * 3);
  for (let i = 0, k = 0; i < base64.length; i += 4) {
    const word = (digit[base64.charCodeAt(i)] << 18) | (digit[base64.charCodeAt(i + 1)] << 12) |
      (digit[base64.charCodeAt(i + 2)] << 6) | digit[base64.charCodeAt(i + 3)];
    bytes[k++] = word >> 16;
    bytes[k++] = word >> 8;
    bytes[k++] = word;
  }
  return bytes.subarray(0, bytes.length - padding);
}

// Numbers as packing.py writes them: a list, a count (0, 1, 2, …), one number many times, base64 of
// a typed array, or numbers of a table.
export function unpack(packed) {
  if (Array.isArray(packed)) return Float64Array.from(packed);
  if ("count" in packed) return Float64Array.from({length: packed.count}, (_, i) => i);
  if ("fill" in packed) return new Float64Array(packed.of).fill(unpack(packed.fill)[0]);
  if ("table" in packed) {
    const table = unpack(packed.table);
    return Float64Array.from(unpack(packed.codes), (code) => table[code]);
  }
  const bytes = bytesOf(packed.base64).slice();
  return Float64Array.from(new TYPES[packed.type](bytes.buffer));
}

export function sizeOf(shape) {
  return shape.reduce((size, length) => size * length, 1);
}

// A tensor of numbers; what a float holds is rounded to one.
export function tensor(kind, shape, data) {
  if (kind === "float") for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i]);
  return {kind, shape, data};
}

// Where the tensors of a node are made: the same arrays for each chunk of rows. New ones cost as much
// as what is computed in them.
let rooms = null, taken = 0;
export function makeIn(list) {
  rooms = list;
  taken = 0;
}

// An array for a tensor's numbers, which holds anything until it is written.
export function numbers(size) {
  if (!rooms) return new Float64Array(size);
  const at = taken++;
  if (!(rooms[at]?.length >= size)) rooms[at] = new Float64Array(size);
  return rooms[at].length === size ? rooms[at] : rooms[at].subarray(0, size);
}

export function copied(data) {
  const made = numbers(data.length);
  made.set(data);
  return made;
}

// The shape that tensors have together, by ONNX's (and NumPy's) rule.
export function commonShape(tensors) {
  const rank = Math.max(...tensors.map((x) => x.shape.length));
  return Array.from({length: rank}, (_, axis) => {
    const lengths = tensors.map((x) => x.shape[axis - rank + x.shape.length] ?? 1);
    const length = lengths.find((size) => size !== 1) ?? 1;
    if (lengths.some((size) => size !== 1 && size !== length)) throw new Error("shapes differ");
    return length;
  });
}

// The data of a tensor, for a shape that it is repeated to fill. One that is repeated as a whole stays
// as it is: loops begin again at its end.
export function repeatable(x, shape) {
  const first = x.shape.findIndex((size) => size !== 1), own = first < 0 ? [] : x.shape.slice(first);
  const skipped = shape.length - own.length;
  return own.every((size, axis) => size === shape[skipped + axis]) ? x.data : spread(x, shape);
}

// The data of a tensor, repeated until it fills a shape.
export function spread(x, shape) {
  const size = sizeOf(shape);
  if (x.data.length === size) return x.data;
  const data = numbers(size);
  if (x.data.length === 1) return data.fill(x.data[0]);
  const padded = [...new Array(shape.length - x.shape.length).fill(1), ...x.shape];
  const steps = new Array(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    steps[axis] = padded[axis] === 1 ? 0 : step;
    step *= padded[axis];
  }
  fill(x.data, data, shape, steps, 0, 0, 0);
  return data;
}

function fill(from, to, shape, steps, axis, start, at) {
  const length = shape[axis], step = steps[axis];
  if (axis === shape.length - 1) {
    for (let i = 0; i < length; i++) to[at++] = from[start + i * step];
    return at;
  }
  for (let i = 0; i < length; i++) at = fill(from, to, shape, steps, axis + 1, start + i * step, at);
  return at;
}

export function axisOf(axis, rank) {
  return axis < 0 ? axis + rank : axis;
}

// How many elements there are before, along and after an axis.
export function around(shape, axis) {
  return [sizeOf(shape.slice(0, axis)), shape[axis], sizeOf(shape.slice(axis + 1))];
}
