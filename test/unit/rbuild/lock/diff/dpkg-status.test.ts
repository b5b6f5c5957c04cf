import { expect, test } from "vitest";
import { readDpkgStatus } from "../../../../../src/rbuild/lock/diff/dpkg-status.ts";

test("reads what is installed, with its source", () => {
  const status = `Package: zlib1g
Status: install ok installed
Installed-Size: 168
Architecture: amd64
Source: zlib (1:1.2.13.dfsg-1)
Version: 1:1.2.13.dfsg-1+b2
Description: compression library
 more

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2
`;
  expect(readDpkgStatus(status)).toEqual([
    { name: "bash", version: "5.2", architecture: "amd64", source: "bash" },
    { name: "zlib1g", version: "1:1.2.13.dfsg-1+b2", architecture: "amd64", source: "zlib 1:1.2.13.dfsg-1", installedSize: 172_032 },
  ]);
});
