// What answers valid rows, from the data that contents.py writes.
import {answerRows, columnsOf} from "./answers.js";
import {openGraph} from "./graph.js";
import {explain} from "./shapley.js";
import {unpack} from "./tensors.js";
import {whatIf} from "./whatif.js";

// A deployment, ready to answer.
//
// A row is an object: field name -> number (NaN where missing; a date in seconds since 1970 UTC) or
// text ("" where missing; a boolean as "True" or "False"), as the schema has read it.
export function openPredictor(contents) {
  const page = {...contents, graph: openGraph(contents.graph), background: opened(contents.background)};
  return {
    // One entry of /api/v1/predict's predictions. options: {explain, whatif}, true where asked for;
    // warnings, sentences about the row's values.
    predict(row, {explain: why = false, whatif: also = false, warnings = []} = {}) {
      return {
        ...answerRows(page, columnsOf(page, [row]))[0],
        warnings,
        contributions: why ? explain(page, row) : null,
        whatif: also ? whatIf(page, row) : null,
      };
    },
    // {prediction, interval, probabilities} of each row.
    predictAll: (rows) => (rows.length ? answerRows(page, columnsOf(page, rows)) : []),
  };
}

function opened(background) {
  if (!background) return null;
  const draws = Object.fromEntries(Object.entries(background.draws).map(([name, column]) => [
    name, column.text ? column.text : Array.from(unpack(column.numbers)),
  ]));
  const {orders, strata} = background;
  return {draws, orders: orders && unpack(orders), strata: strata && unpack(strata)};
}
