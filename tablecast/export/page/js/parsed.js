// JSON as plain data whose objects have the keys that the text gives them and no others: a field may be
// named like what every object of JavaScript has, such as constructor or __proto__.
export const parsed = (text) => withoutPrototypes(JSON.parse(text));

// Not by JSON.parse's own second argument, which takes twice as long.
function withoutPrototypes(value) {
  if (typeof value !== "object" || value === null) return value;
  const isList = Array.isArray(value);
  for (const inner of isList ? value : Object.values(value)) {
    if (typeof inner === "object") withoutPrototypes(inner);
  }
  return isList ? value : Object.setPrototypeOf(value, null);
}
