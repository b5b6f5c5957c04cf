import { expect, test } from "vitest";
import { parseAptConfig, proxyFor } from "../../../../src/rbuild/mirror/apt-proxy.ts";

const url = new URL("http://mirror.example/debian");

test("the host's own setting goes before the scheme's, and that before the environment's", () => {
  const config = parseAptConfig('Acquire::http::Proxy "http://general:1";\nAcquire::http::Proxy::mirror.example "http://own:2";\n');
  expect(proxyFor(url, config, { http_proxy: "http://env:3" })).toBe("http://own:2");
  expect(proxyFor(new URL("http://else.example"), config, { http_proxy: "http://env:3" })).toBe("http://general:1");
  expect(proxyFor(url, new Map(), { http_proxy: "http://env:3" })).toBe("http://env:3");
  expect(proxyFor(url, new Map(), {})).toBeUndefined();
});

test("DIRECT and no_proxy mean no proxy", () => {
  expect(proxyFor(url, parseAptConfig('Acquire::http::proxy::mirror.example "DIRECT";'), { http_proxy: "http://env:3" })).toBeUndefined();
  expect(proxyFor(url, new Map(), { http_proxy: "http://env:3", no_proxy: "localhost,.example" })).toBeUndefined();
});
