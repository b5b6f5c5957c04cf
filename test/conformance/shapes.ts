/** What one JSON answer lacks of another: each key that is absent, and each value of another type. Empty lists and nulls say nothing. */
export function shapeDifferences(expected: unknown, actual: unknown, path = ""): string[] {
  if (expected === null || expected === undefined) return [];
  if (actual === undefined) return [`${path} is missing`];
  const [wanted, found] = [typeName(expected), typeName(actual)];
  if (wanted !== found) return [`${path} is ${found}, not ${wanted}`];
  if (Array.isArray(expected) && Array.isArray(actual)) {
    return expected.length > 0 && actual.length > 0 ? shapeDifferences(expected[0], actual[0], `${path}[]`) : [];
  }
  if (wanted !== "object") return [];
  return Object.entries(expected).flatMap(([key, value]) => shapeDifferences(value, (actual as Record<string, unknown>)[key], `${path}.${key}`));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
