// What answers valid rows, from the data that contents.py writes.
import {answerRows, numberOf} from "./answers.js";
import {difference} from "./difference.js";
import {openGraph} from "./graph.js";
import {explain} from "./shapley.js";
import {unpack} from "./tensors.js";
import {whatIf} from "./whatif.js";

// A deployment, ready to answer.
//
// A row is an object: field name -> number (NaN where missing; a date in seconds since 1970 UTC) or
// text ("" where missing; a boolean as "True" or "False"), as the schema has read it.
export function openPredictor(contents) {
  const graph = openGraph(contents.graph), page = {...contents, graph};
  page.background = opened(page);
  page.differences = {...contents.differences, orders: unpack(contents.differences.orders)};
  return {
    // One entry of /api/v1/predict's predictions. options: {explain, whatif}, true where asked for;
    // warnings, sentences about the row's values.
    predict(row, {explain: why = false, whatif: also = false, warnings = []} = {}) {
      const [answer] = answerRows(page, [row]);
      return {
        ...answer,
        warnings,
        contributions: why ? explain(page, row, answer) : null,
        whatif: also ? whatIf(page, row, answer) : null,
      };
    },
    // Why two rows are answered differently (difference.js).
    difference: (first, other) => difference(page, first, other),
    // {prediction, interval, probabilities} of each row.
    predictAll: (rows) => (rows.length ? answerRows(page, rows) : []),
  };
}

// draws: of each field in turn, its values as the graph takes them.
function opened(page) {
  if (!page.background) return null;
  const {draws, orders, strata} = page.background;
  return {
    draws: page.fields.map((field) => {
      const {text, numbers} = draws[field.name];
      return text ? Float64Array.from(text, (value) => numberOf(page, field, value)) : unpack(numbers);
    }),
    orders: orders && unpack(orders), strata: strata && unpack(strata),
  };
}
