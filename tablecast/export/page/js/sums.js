import {around, axisOf, copied, numbers, repeatable, tensor} from "./tensors.js";

// (rows, n) times (n, width), added to the bias where there is one.
function multiply(_attributes, a, b, bias) {
  if (a.shape.length !== 2 || b.shape.length !== 2) throw new Error("not a product of matrices");
  const [rows, inner] = a.shape, width = b.shape[1];
  const shape = [rows, width];
  const data = numbers(rows * width).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const value = a.data[row * inner + k];
      for (let i = row * width, j = k * width; j < (k + 1) * width; i++, j++) {
        data[i] += value * b.data[j];
      }
    }
  }
  if (bias) {
    const added = repeatable(bias, shape);
    for (let i = 0, j = 0; i < data.length; i++) {
      data[i] += added[j];
      if (++j === added.length) j = 0;
    }
  }
  return tensor(a.kind, shape, data);
}

const REDUCED = {
  ReduceSum: [0, (sum, x) => sum + x],
  ReduceMean: [0, (sum, x) => sum + x, (sum, count) => sum / count],
  ReduceSumSquare: [0, (sum, x) => sum + x * x],
  ReduceProd: [1, (product, x) => product * x],
  ReduceMax: [-Infinity, (most, x) => Math.max(most, x)],
  ReduceMin: [Infinity, (least, x) => Math.min(least, x)],
};

function reducer([start, add, finish = (sum) => sum]) {
  return (attributes, x, axes) => {
    const named = axes ? Array.from(axes.data) : attributes.axes ?? [];
    if (named.length > 1) throw new Error("a sum along several axes");
    const axis = named.length ? axisOf(named[0], x.shape.length) : null;
    const [before, count, after] = axis === null ? [1, x.data.length, 1] : around(x.shape, axis);
    const data = numbers(before * after);
    for (let i = 0; i < before; i++) {
      for (let j = 0; j < after; j++) {
        let sum = start;
        for (let k = 0; k < count; k++) sum = add(sum, x.data[(i * count + k) * after + j]);
        data[i * after + j] = finish(sum, count);
      }
    }
    const kept = (attributes.keepdims ?? 1) ? [1] : [];
    const shape = axis === null
      ? x.shape.flatMap(() => kept)
      : [...x.shape.slice(0, axis), ...kept, ...x.shape.slice(axis + 1)];
    return tensor(x.kind, shape, data);
  };
}

function addUp(_attributes, x, axisTensor) {
  const [before, count, after] = around(x.shape, axisOf(axisTensor.data[0], x.shape.length));
  const data = copied(x.data);
  for (let i = 0; i < before; i++) {
    for (let k = (i * count + 1) * after; k < (i + 1) * count * after; k++) {
      data[k] += data[k - after];
    }
  }
  return tensor(x.kind, x.shape, data);
}

function indexOfLargest(attributes, x) {
  const axis = axisOf(attributes.axis ?? 0, x.shape.length);
  const [before, count, after] = around(x.shape, axis);
  const last = attributes.select_last_index === 1;
  const data = numbers(before * after);
  for (let i = 0; i < before; i++) {
    for (let j = 0; j < after; j++) {
      let best = 0;
      for (let k = 1; k < count; k++) {
        const value = x.data[(i * count + k) * after + j];
        const top = x.data[(i * count + best) * after + j];
        if (value > top || (last && value === top)) best = k;
      }
      data[i * after + j] = best;
    }
  }
  const kept = (attributes.keepdims ?? 1) ? [1] : [];
  return {kind: "int", shape: [...x.shape.slice(0, axis), ...kept, ...x.shape.slice(axis + 1)], data};
}

// The k smallest or largest of each row in their order, the first of equal ones first.
function topK(attributes, x, countTensor) {
  const axis = axisOf(attributes.axis ?? -1, x.shape.length);
  const [before, count, after] = around(x.shape, axis);
  if (after !== 1) throw new Error("a choice along an inner axis");
  const sign = (attributes.largest ?? 1) ? -1 : 1, most = countTensor.data[0];
  const values = numbers(before * most), indices = numbers(before * most);
  for (let row = 0; row < before; row++) {
    const start = row * most;
    let held = 0;
    for (let k = 0; k < count; k++) {
      const value = x.data[row * count + k];
      if (held === most && !(sign * value < sign * values[start + most - 1])) continue;
      let place = held < most ? held++ : most - 1;
      for (; place > 0 && sign * value < sign * values[start + place - 1]; place--) {
        values[start + place] = values[start + place - 1];
        indices[start + place] = indices[start + place - 1];
      }
      values[start + place] = value;
      indices[start + place] = k;
    }
  }
  const shape = [...x.shape.slice(0, axis), most];
  return [{kind: x.kind, shape, data: values}, {kind: "int", shape, data: indices}];
}

export const sums = {
  ...Object.fromEntries(Object.entries(REDUCED).map(([name, how]) => [name, reducer(how)])),
  MatMul: multiply, Gemm: multiply, CumSum: addUp, ArgMax: indexOfLargest, TopK: topK,
};
