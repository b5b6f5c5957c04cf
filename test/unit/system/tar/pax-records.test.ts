import * as fc from "fast-check";
import { expect, test } from "vitest";
import { encodePaxRecord, formatPaxTime, parsePaxRecords, parsePaxTime } from "../../../../src/system/tar/pax-records.ts";

test("counts its own length into a record's, at every number of digits", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z.]{1,20}$/), fc.integer({ min: 0, max: 1200 }), (key, length) => {
      const value = "v".repeat(length);
      const record = encodePaxRecord(key, value);
      expect(Number.parseInt(record, 10)).toBe(record.length);
      expect(parsePaxRecords(Buffer.from(record.repeat(2)), 0)).toEqual([
        [key, value],
        [key, value],
      ]);
    }),
  );
});

test("keeps times to the nanosecond, before 1970 too", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 0, max: 999_999_999 }), (seconds, nanoseconds) => {
      expect(parsePaxTime(formatPaxTime({ seconds, nanoseconds }))).toEqual({ seconds, nanoseconds });
    }),
  );
  expect(formatPaxTime({ seconds: -5, nanoseconds: 500_000_000 })).toBe("-4.5");
  expect(parsePaxTime("-0.25")).toEqual({ seconds: -1, nanoseconds: 750_000_000 });
  expect(parsePaxTime("1.1234567899")).toEqual({ seconds: 1, nanoseconds: 123_456_789 });
});

test.each(["", "x", "1e3", "1.x", "0x10", "99999999999999999"])("does not take %j for a time", (text) => {
  expect(parsePaxTime(text)).toBeUndefined();
});

test.each(["5 a=b\n", "7 a=b\n", "x a=b\n", "5 =b\n", "7 =abc\n", "9999999999 a=b\n", "6 a=bc"])("refuses the record %j", (text) => {
  expect(() => parsePaxRecords(Buffer.from(text), 0)).toThrow(expect.objectContaining({ code: "tar.malformed" }));
});
