// Why two cases are answered differently (inference/difference.py): what each field that differs adds,
// worked out from the other case to the first, whose class is followed.
import {about, answerRows, followed, numberOf} from "./answers.js";
import {differ, mean, shapleyValue, walked} from "./shapley.js";

// {first, other, class, exact, fields: [{field, contribution, error}]} of two rows; first and all
// contributions make other.
export function difference(page, first, other) {
  const [answer] = answerRows(page, [first]), explained = about(page, answer);
  const [mine, theirs] = [first, other].map((row) => page.fields.map((field) => numberOf(page, field, row[field.name])));
  const places = page.fields.map((_, i) => i).filter((i) => differ(mine[i], theirs[i]));
  const exact = places.length <= page.differences.most;
  const {number, parts} = exact ? everySet(page, mine, theirs, places, explained) : someOrders(page, mine, theirs, places, explained);
  return {
    first: explained.answer, other: number, class: explained.class, exact,
    fields: parts.map(([contribution, error], i) => ({field: page.fields[places[i]].name, contribution: 0 - contribution, error})),
  };
}

// Every set of the fields that differ; the set's bits say which are the first case's.
function everySet(page, mine, theirs, places, {class: label}) {
  const sets = 2 ** places.length;
  const columns = Object.fromEntries(page.fields.map(({name}, i) => {
    const bit = places.indexOf(i);
    return [name, Float64Array.from({length: sets}, (_, set) => (bit >= 0 && (set >> bit) & 1 ? mine[i] : theirs[i]))];
  }));
  const worth = followed(page, columns, label);
  return {number: worth[0], parts: places.map((_, bit) => [shapleyValue(worth, bit, places.length), 0])};
}

function someOrders(page, mine, theirs, places, explained) {
  const {orders} = page.differences, walks = orders.length / mine.length;
  const {numbers, gains} = walked(page, theirs.map((value) => new Float64Array(walks).fill(value)), orders, mine, explained);
  const parts = places.map((place) => {
    const each = gains[place], middle = mean(each);
    const squares = each.reduce((sum, gain) => sum + (gain - middle) ** 2, 0);
    return [middle, Math.sqrt(squares / (walks - 1) / walks)];
  });
  return {number: numbers[0], parts};
}
