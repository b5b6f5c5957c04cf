import { afterEach, expect, test, vi } from "vitest";
import { chooseArchive, findMirror } from "../../../../src/rbuild/mirror/find-mirror.ts";

afterEach(() => vi.unstubAllEnvs());

test("takes the archive that has the suite, else one that has another of Debian's suites", () => {
  const trixie = { url: "http://a.example/debian", suite: "trixie" };
  const bookworm = { url: "http://b.example/debian", suite: "bookworm" };
  expect(chooseArchive([trixie, bookworm], "bookworm")).toBe(bookworm);
  expect(chooseArchive([{ url: "http://c.example/debian-security", suite: "bookworm" }, trixie], "bookworm")).toBe(trixie);
});

test("takes neither other distributions nor what is not http", () => {
  const others = [
    { url: "http://a.example/ubuntu", suite: "noble" },
    { url: "file:/srv/debian", suite: "bookworm" },
    { url: "http://b.example/vendor", suite: "nodistro" },
  ];
  expect(chooseArchive(others, "bookworm")).toBeUndefined();
});

test("the option goes before the environment, and both lose closing slashes", async () => {
  vi.stubEnv("RBUILD_MIRROR", "http://env.example/debian/");
  expect(await findMirror({ mirror: "http://option.example/debian//", suite: "bookworm" })).toMatchObject({
    url: "http://option.example/debian",
    origin: "option",
  });
  expect(await findMirror({ suite: "bookworm" })).toMatchObject({ url: "http://env.example/debian", origin: "environment" });
});

test.each(["ftp://x.example/debian", "x.example/debian", "http://x.example/debian] evil", 'http://x.example/"', "http://x.example/?a=b"])(
  "refuses %s",
  async (mirror) => {
    await expect(findMirror({ mirror, suite: "bookworm" })).rejects.toMatchObject({ code: "mirror.invalid-url" });
  },
);
