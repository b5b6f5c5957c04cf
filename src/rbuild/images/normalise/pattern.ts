import { type ByteString, byteString } from "../../../system/tar/index.ts";

/**
 * Tells whether a path is one of the patterns or lies below one. `*` stands for any characters of one path component, `**` for any
 * components; a pattern that ends in `/**` means what is below a directory but not the directory itself.
 */
export function pathMatcher(patterns: readonly string[]): (path: ByteString) => boolean {
  if (patterns.length === 0) return () => false;
  const expression = new RegExp(`^(?:${patterns.map(toExpression).join("|")})(?:/|$)`, "s");
  return (path) => expression.test(path);
}

function toExpression(pattern: string): string {
  const components = byteString(pattern).split("/");
  return components
    .map((component, index) => {
      const isLast = index === components.length - 1;
      if (component === "**") return isLast ? "[^/]+" : "(?:[^/]+/)*";
      const text = component.replace(/[\\^$.|?+()[\]{}]/g, "\\$&").replaceAll("*", "[^/]*");
      return isLast ? text : `${text}/`;
    })
    .join("");
}
