import {commonShape, copied, numbers, repeatable, sizeOf, tensor} from "./tensors.js";

// Each has a loop of its own: a function that is called for each number costs five times as much.
const ONE = {
  Neg(a, o) { for (let i = 0; i < o.length; i++) o[i] = -a[i]; },
  Abs(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.abs(a[i]); },
  Relu(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.max(a[i], 0); },
  Sqrt(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.sqrt(a[i]); },
  Exp(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.exp(a[i]); },
  Log(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.log(a[i]); },
  Sin(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.sin(a[i]); },
  Cos(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.cos(a[i]); },
  Tanh(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.tanh(a[i]); },
  Floor(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.floor(a[i]); },
  IsNaN(a, o) { for (let i = 0; i < o.length; i++) o[i] = a[i] !== a[i] ? 1 : 0; },
  Not(a, o) { for (let i = 0; i < o.length; i++) o[i] = a[i] ? 0 : 1; },
  Sign(a, o) { for (let i = 0; i < o.length; i++) o[i] = Math.sign(a[i]); },
  Round(a, o) { for (let i = 0; i < o.length; i++) o[i] = toEven(a[i]); },
};

const TWO = {
  Add(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] + b[k];
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Sub(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] - b[k];
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Mul(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] * b[k];
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Div(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] / b[k];
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  // 1 to the power of NaN or of infinity is 1, but not in JavaScript.
  Pow(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] === 1 ? 1 : a[j] ** b[k];
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Max(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = Math.max(a[j], b[k]);
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Min(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = Math.min(a[j], b[k]);
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
};

const ASKED = {
  Less(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] < b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  LessOrEqual(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] <= b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Greater(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] > b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  GreaterOrEqual(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] >= b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Equal(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] === b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  And(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] && b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
  Or(a, b, o) {
    for (let i = 0, j = 0, k = 0; i < o.length; i++) {
      o[i] = a[j] || b[k] ? 1 : 0;
      if (++j === a.length) j = 0;
      if (++k === b.length) k = 0;
    }
  },
};

// To the nearest whole number, and halves to the even one.
function toEven(x) {
  const low = Math.floor(x), rest = x - low;
  if (rest !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

const TRUTHS = ["IsNaN", "Not"];

function ofOne(loop) {
  return (_attributes, x) => {
    const data = numbers(x.data.length);
    loop(x.data, data);
    return tensor(TRUTHS.includes(loop.name) ? "bool" : x.kind, x.shape, data);
  };
}

function together(loop, kind, a, b) {
  const shape = commonShape([a, b]);
  const data = numbers(sizeOf(shape));
  loop(repeatable(a, shape), repeatable(b, shape), data);
  return tensor(kind, shape, data);
}

function ofTwo(loop) {
  return (_attributes, ...tensors) => tensors.reduce((a, b) => together(loop, a.kind, a, b));
}

function asked(loop) {
  return (_attributes, a, b) => together(loop, "bool", a, b);
}

function mapped(table, make) {
  return Object.fromEntries(Object.entries(table).map(([name, loop]) => [name, make(loop)]));
}

function divide(attributes, a, b) {
  const result = ofTwo(TWO.Div)(attributes, a, b);
  if (a.kind === "int") for (let i = 0; i < result.data.length; i++) result.data[i] = Math.trunc(result.data[i]);
  return result;
}

function where(_attributes, condition, a, b) {
  const shape = commonShape([condition, a, b]);
  const [which, yes, no] = [condition, a, b].map((x) => spread(x, shape));
  const data = numbers(which.length);
  for (let i = 0; i < which.length; i++) data[i] = which[i] ? yes[i] : no[i];
  return {kind: a.kind, shape, data};
}

function cast({to}, x) {
  if (x.kind === to || (x.kind === "float" && to === "double")) return {...x, kind: to};
  const data = copied(x.data);
  if (to === "bool") for (let i = 0; i < data.length; i++) data[i] = data[i] === 0 ? 0 : 1;
  if (to === "int") for (let i = 0; i < data.length; i++) data[i] = Math.trunc(data[i]);
  return tensor(to, x.shape, data);
}

function impute(attributes, x) {
  const filled = attributes.imputed_value_floats, data = copied(x.data);
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== data[i]) data[i] = filled[i % filled.length];
  }
  return tensor(x.kind, x.shape, data);
}

function clip(_attributes, x, low, high) {
  return together(TWO.Min, x.kind, together(TWO.Max, x.kind, x, low), high);
}

// codes: the code of each text that the graph knows (graph.js); any other's is the default.
function encodeLabels({codes, default_int64: other}, x) {
  const data = numbers(x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = x.data[i] < codes.length ? codes[x.data[i]] : other;
  return {kind: "int", shape: x.shape, data};
}

export const elementwise = {
  ...mapped(ONE, ofOne), ...mapped(TWO, ofTwo), ...mapped(ASKED, asked), Div: divide,
  Where: where, Cast: cast, Imputer: impute, Clip: clip,
  LabelEncoder: encodeLabels, Identity: (_attributes, x) => x,
};
