import { describe, expect, test } from "vitest";
import { capabilitySets, resolveCapabilities } from "../../../../src/engine/runtime/spec/capabilities.ts";
import { CAPABILITY_NAMES, type CapabilityName, capabilitiesOfMask, DOCKER_CAPABILITIES } from "../../../../src/oci/index.ts";

const everything: ReadonlySet<CapabilityName> = new Set(CAPABILITY_NAMES);
const without = (...names: CapabilityName[]): ReadonlySet<CapabilityName> => new Set(CAPABILITY_NAMES.filter((name) => !names.includes(name)));

describe("resolveCapabilities", () => {
  test.each([
    { what: "the default set", request: {}, granted: [...DOCKER_CAPABILITIES] },
    { what: "additions", request: { capAdd: ["SYS_ADMIN", "cap_chown"] }, granted: [...DOCKER_CAPABILITIES, "SYS_ADMIN"] },
    { what: "drops", request: { capDrop: ["MKNOD"] }, granted: DOCKER_CAPABILITIES.filter((name) => name !== "MKNOD") },
    { what: "nothing but additions", request: { capDrop: ["ALL"], capAdd: ["SETUID", "CHOWN"] }, granted: ["CHOWN", "SETUID"] },
    { what: "everything but drops", request: { capAdd: ["ALL"], capDrop: ["SYS_BOOT"] }, granted: CAPABILITY_NAMES.filter((name) => name !== "SYS_BOOT") },
    { what: "everything when privileged", request: { privileged: true, capDrop: ["ALL"] }, granted: [...CAPABILITY_NAMES] },
  ])("grants $what", ({ request, granted }) => {
    expect(resolveCapabilities(request, everything)).toEqual({ granted: [...granted].sort(), warnings: [] });
  });

  test("cuts to what the host has and says what it cut", () => {
    const { granted, warnings } = resolveCapabilities({ privileged: true }, without("SYS_RESOURCE", "BPF"));
    expect(granted).not.toContain("SYS_RESOURCE");
    expect(warnings).toEqual(["this host cannot give the capabilities BPF, SYS_RESOURCE"]);
    expect(resolveCapabilities({}, without("SYS_RESOURCE")).warnings).toEqual([]);
  });

  test("refuses a name that is none", () => {
    expect(() => resolveCapabilities({ capDrop: ["EVERYTHING"] }, everything)).toThrow(expect.objectContaining({ code: "container.unknown-capability" }));
  });
});

test("reads masks of the kernel", () => {
  expect(capabilitiesOfMask("00000000a80425fb").sort()).toEqual([...DOCKER_CAPABILITIES].sort());
  expect(capabilitiesOfMask("000001ffffffffff")).toEqual([...CAPABILITY_NAMES]);
});

test("leaves users other than root the bounding set alone", () => {
  expect(capabilitySets(["CHOWN"], 0)).toEqual({ bounding: ["CAP_CHOWN"], effective: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] });
  expect(capabilitySets(["CHOWN"], 1)).toEqual({ bounding: ["CAP_CHOWN"], effective: [], permitted: [] });
});
