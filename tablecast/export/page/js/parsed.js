// JSON as plain data whose objects have the keys that the text gives them and no others: a field may be
// named like what every object of JavaScript has, such as constructor or __proto__.
export function parsed(text) {
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  return JSON.parse(text, (_key, value) => (isObject(value) ? Object.assign(Object.create(null), value) : value));
}
