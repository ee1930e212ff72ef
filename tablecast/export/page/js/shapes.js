import {around, axisOf, numbers, sizeOf, spread} from "./tensors.js";

function reshaped(x, shape) {
  return {kind: x.kind, shape, data: x.data};
}

function reshape(_attributes, x, wanted) {
  const shape = Array.from(wanted.data, (size, axis) => (size === 0 ? x.shape[axis] : size));
  const open = shape.indexOf(-1);
  if (open >= 0) shape[open] = x.data.length / -sizeOf(shape);
  return reshaped(x, shape);
}

function unsqueeze(_attributes, x, axes) {
  const rank = x.shape.length + axes.data.length;
  const added = new Set(Array.from(axes.data, (axis) => axisOf(axis, rank)));
  const rest = x.shape.values();
  return reshaped(x, Array.from({length: rank}, (_, i) => (added.has(i) ? 1 : rest.next().value)));
}

function squeeze(_attributes, x, axes) {
  const gone = new Set(Array.from(axes.data, (axis) => axisOf(axis, x.shape.length)));
  return reshaped(x, x.shape.filter((_, axis) => !gone.has(axis)));
}

function flatten(attributes, x) {
  const axis = axisOf(attributes.axis ?? 1, x.shape.length);
  return reshaped(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

function concat(attributes, ...tensors) {
  const axis = axisOf(attributes.axis, tensors[0].shape.length);
  const shape = tensors[0].shape.slice();
  shape[axis] = tensors.reduce((length, x) => length + x.shape[axis], 0);
  const [before, length, after] = around(shape, axis);
  const data = numbers(sizeOf(shape));
  let start = 0;
  for (const x of tensors) {
    const width = x.shape[axis] * after;
    for (let i = 0; i < before; i++) {
      for (let k = 0; k < width; k++) data[i * length * after + start + k] = x.data[i * width + k];
    }
    start += width;
  }
  return {kind: tensors[0].kind, shape, data};
}

// Into equal parts, the last of which may be smaller, where no sizes are given.
function split(attributes, x, sizes, parts) {
  const axis = axisOf(attributes.axis ?? 0, x.shape.length);
  const [before, length, after] = around(x.shape, axis);
  const equal = Math.ceil(length / parts);
  let start = 0;
  return Array.from({length: parts}, (_, part) => {
    const count = sizes ? sizes.data[part] : Math.min(equal, length - start);
    const shape = x.shape.slice();
    shape[axis] = count;
    const data = numbers(sizeOf(shape)), width = count * after;
    for (let i = 0; i < before; i++) {
      const from = (i * length + start) * after;
      for (let k = 0; k < width; k++) data[i * width + k] = x.data[from + k];
    }
    start += count;
    return {kind: x.kind, shape, data};
  });
}

function gather(attributes, x, indices) {
  const axis = axisOf(attributes.axis ?? 0, x.shape.length);
  const [before, length, after] = around(x.shape, axis);
  const chosen = indices.data, count = chosen.length;
  const data = numbers(before * count * after);
  for (let i = 0, at = 0; i < before; i++) {
    for (let k = 0; k < count; k++) {
      const from = (i * length + (chosen[k] < 0 ? chosen[k] + length : chosen[k])) * after;
      if (after === 1) data[at++] = x.data[from];
      else for (let j = 0; j < after; j++) data[at++] = x.data[from + j];
    }
  }
  return {kind: x.kind, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], data};
}

// Rows of a table, by an index whose last axis has one number.
function gatherRows(_attributes, x, indices) {
  if (indices.shape.at(-1) !== 1) throw new Error("an index of several numbers");
  return gather({axis: 0}, x, reshaped(indices, indices.shape.slice(0, -1)));
}

function gatherElements(attributes, x, indices) {
  const axis = axisOf(attributes.axis ?? 0, x.shape.length);
  const [before, length, after] = around(indices.shape, axis);
  const [, own] = around(x.shape, axis);
  const data = numbers(indices.data.length);
  for (let i = 0, at = 0; i < before; i++) {
    for (let k = 0; k < length; k++) {
      for (let j = 0; j < after; j++, at++) {
        const index = indices.data[at] < 0 ? indices.data[at] + own : indices.data[at];
        data[at] = x.data[(i * own + index) * after + j];
      }
    }
  }
  return {kind: x.kind, shape: indices.shape, data};
}

function shapeOf(attributes, x) {
  const shape = x.shape.slice(attributes.start ?? 0, attributes.end ?? x.shape.length);
  return {kind: "int", shape: [shape.length], data: Float64Array.from(shape)};
}

function expand(_attributes, x, wanted) {
  const sizes = Array.from(wanted.data);
  const rank = Math.max(sizes.length, x.shape.length);
  const shape = Array.from({length: rank}, (_, axis) =>
    Math.max(sizes[axis - rank + sizes.length] ?? 1, x.shape[axis - rank + x.shape.length] ?? 1));
  return {kind: x.kind, shape, data: spread(x, shape)};
}

export const shapes = {
  Reshape: reshape, Unsqueeze: unsqueeze, Squeeze: squeeze, Flatten: flatten, Concat: concat,
  Split: split, Gather: gather, GatherND: gatherRows, GatherElements: gatherElements,
  Shape: shapeOf, Expand: expand,
};
