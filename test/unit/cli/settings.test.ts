import { expect, it } from "vitest";
import { parseSettings } from "../../../src/cli/settings/settings.ts";
import { settingsPlace } from "../../../src/cli/settings/settings-directory.ts";

it("reads every kind of setting", () => {
  expect(parseSettings({ proxy: "none", mirror: "http://m/debian/", ui: "plain", "engine-root": "/e", "run-root": "/r", host: "unix:///d" })).toEqual({
    proxy: { kind: "none" },
    mirror: "http://m/debian",
    ui: "plain",
    engineRoot: "/e",
    runRoot: "/r",
    host: "unix:///d",
  });
});

it("refuses what it does not know", () => {
  expect(() => parseSettings({ toString: "x" })).toThrow(expect.objectContaining({ code: "config.unknown-key" }));
  expect(() => parseSettings({ ui: 1 })).toThrow(expect.objectContaining({ code: "cli.invalid-value" }));
});

it("finds the settings of whoever typed the command", () => {
  expect(settingsPlace({ HOME: "/home/u" }, 1000)).toEqual({
    directory: "/home/u/.config/rbuild",
    file: "/home/u/.config/rbuild/config.json",
    owner: undefined,
  });
  expect(settingsPlace({ HOME: "/home/u", XDG_CONFIG_HOME: "/x" }, 1000).directory).toBe("/x/rbuild");
  expect(settingsPlace({ HOME: "/root", RBUILD_CONFIG_HOME: "/c", SUDO_UID: "1" }, 0).directory).toBe("/c");
});

it("takes them from the caller's home under sudo, and lets new files belong to him", () => {
  // Debian's base-passwd gives user id 1 to daemon.
  expect(settingsPlace({ HOME: "/root", SUDO_UID: "1" }, 0)).toMatchObject({ directory: "/usr/sbin/.config/rbuild", owner: { uid: 1, gid: 1 } });
  expect(settingsPlace({ HOME: "/root", SUDO_UID: "4294967290" }, 0).directory).toBe("/root/.config/rbuild");
  expect(settingsPlace({ HOME: "/home/u", SUDO_UID: "1" }, 1000).directory).toBe("/home/u/.config/rbuild");
});
