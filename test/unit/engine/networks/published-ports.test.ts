import { expect, test } from "vitest";
import { choosePorts } from "../../../../src/engine/networks/published-ports.ts";

test.each(["::", "::1", "localhost", "127.0.0.1 . tcp", "1.2.3", "1.2.3.4\n"])("a port is not published at %j", async (hostIp) => {
  await expect(choosePorts([{ containerPort: 80, protocol: "tcp", hostIp }], [])).rejects.toMatchObject({
    code: "network.bad-host-address",
    details: { address: hostIp },
  });
});
