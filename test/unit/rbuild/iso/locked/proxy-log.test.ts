import fc from "fast-check";
import { expect, test } from "vitest";
import { parseProxyLog } from "../../../../../src/rbuild/iso/proxy/proxy-log.ts";

/** As apt-cacher-ng 3.7.4 writes it with VerboseLog=1. */
const LOG = `1795273773|I|470|172.17.0.3|debian/pool/main/g/libstdc++6_12~b1_amd64.deb
1795273773|O|282|172.17.0.3|debian/pool/main/g/libstdc++6_12~b1_amd64.deb
1795273774|E|214|127.0.0.1| [HTTP error, code: 200]
1795273775|I|376|172.17.0.3|debian/pool/main/n/none_1_amd64.deb [HTTP error, code: 404]
1795273775|E|667|172.17.0.3|debian/pool/main/n/none_1_amd64.deb [HTTP error, code: 404]
1795273776|E|667|172.17.0.3|debian/dists/x/InRelease [HTTP error, code: 503]
1795273777|O|265|172.17.0.3|debian/dists/x/InRelease
1795273778|O|679|172.17.0.3|other.example/debian/pool/z_1_all.deb
1795273778|O|679|172.17.0.3|/debian-foo/pool
a line of something else
`;

test("what was served, what was not there, and what belongs to another host", () => {
  expect(parseProxyLog(LOG, ["debian"])).toEqual({
    served: ["debian/dists/x/InRelease", "debian/pool/main/g/libstdc++6_12~b1_amd64.deb"],
    refused: ["debian/pool/main/n/none_1_amd64.deb"],
    elsewhere: ["/debian-foo/pool", "other.example/debian/pool/z_1_all.deb"],
  });
});

test("any text is read, and no path is both served and refused", () => {
  const line = fc.tuple(fc.constantFrom("I", "O", "E", "X"), fc.stringMatching(/^[a-z/.| ]{0,20}$/), fc.constantFrom("", " [HTTP error, code: 404]"));
  const log = fc.array(line).map((lines) => lines.map(([kind, path, end]) => `1|${kind}|2|c|debian/${path}${end}`).join("\n"));
  fc.assert(
    fc.property(fc.oneof(log, fc.string()), (text) => {
      const { served, refused } = parseProxyLog(text, ["debian"]);
      expect(refused.filter((path) => served.includes(path))).toEqual([]);
    }),
  );
});
