import { expect, it } from "vitest";
import { addNamedMirror, parseApiAddress, parseHttpUrl, parseProxy, parseUi } from "../../../src/cli/values.ts";

const invalid = expect.objectContaining({ code: "cli.invalid-value" });

it("reads where packages come through", () => {
  expect(parseProxy("none")).toEqual({ kind: "none" });
  expect(parseProxy("link")).toEqual({ kind: "link" });
  expect(parseProxy("http://proxy:3142/")).toEqual({ kind: "url", url: "http://proxy:3142" });
  expect(parseProxy("link+http://proxy:3142")).toEqual({ kind: "link", upstream: "http://proxy:3142" });
  for (const text of ["", "linked", "ftp://proxy", "link+none", "http://a b"]) expect(() => parseProxy(text)).toThrow(invalid);
});

it("reads where a Docker API answers", () => {
  expect(parseApiAddress("unix:///run/docker.sock")).toEqual({ kind: "socket", path: "/run/docker.sock" });
  expect(parseApiAddress("tcp://10.0.0.1")).toEqual({ kind: "tcp", protocol: "http", host: "10.0.0.1", port: 2375 });
  expect(parseApiAddress("https://build:4243")).toEqual({ kind: "tcp", protocol: "https", host: "build", port: 4243 });
  for (const text of ["", "unix://relative", "ssh://host", "/run/docker.sock"]) expect(() => parseApiAddress(text)).toThrow(invalid);
});

it("never repeats a password in an error", () => {
  expect(() => parseHttpUrl("ftp://user:secret@host")).toThrow(expect.objectContaining({ message: expect.not.stringContaining("secret") }));
});

it("reads what a terminal shows", () => {
  expect(parseUi("plain")).toBe("plain");
  expect(() => parseUi("fancy")).toThrow(invalid);
});

it("reads mirrors by the name of their archive, and says what to do with a line of APT's", () => {
  const mirrors = addNamedMirror("security=http://m.example/security/", addNamedMirror("http://m.example/debian/"));
  expect([...mirrors]).toEqual([
    ["debian", "http://m.example/debian"],
    ["security", "http://m.example/security"],
  ]);
  for (const line of ["deb [signed-by=/k.gpg] http://m.example/debian bookworm main", "http://m.example/debian bookworm"]) {
    const hint = expect.stringMatching(/^--mirror http:\/\/m\.example\/debian; suites and components are said by suites: of image\.yaml/);
    expect(() => addNamedMirror(line)).toThrow(expect.objectContaining({ code: "cli.invalid-value", hint }));
  }
  expect(() => addNamedMirror("Debian=http://m.example")).toThrow(invalid);
});
