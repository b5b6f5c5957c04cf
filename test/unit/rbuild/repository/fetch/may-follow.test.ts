import { expect, test } from "vitest";
import { mayFollow } from "../../../../../src/rbuild/repository/fetch/may-follow.ts";

test.each([
  ["http://a.example/x", "http://a.example/y", true],
  ["http://a.example/x", "https://a.example/x", true],
  ["https://a.example/x", "https://a.example:443/y", true],
  ["https://a.example/x", "http://a.example/x", false],
  ["https://a.example/x", "https://b.example/x", false],
  ["https://a.example/x", "https://a.example.evil/x", false],
  ["http://a.example/x", "http://a.example:8080/x", false],
  ["http://a.example/x", "https://user@a.example/x", false],
  ["http://a.example/x", "file:///etc/passwd", false],
  ["http://a.example/x", "ftp://a.example/x", false],
])("from %s to %s: %s", (from, to, expected) => expect(mayFollow(new URL(from), new URL(to))).toBe(expected));
