import { expect, it } from "vitest";
import { openCommandLab } from "../../support/iso/command-lab.ts";

const MAKEFILE = `iso:
	@echo half done >$(RBUILD_SCRATCH)/part; echo out >$(RBUILD_OUTPUT)/part; false
`;

it("looks into a failed build that was kept, until it is forgotten", async () => {
  const lab = await openCommandLab(MAKEFILE);
  expect(await lab.run("shell")).toMatchObject({ exitCode: 2, code: "iso.no-kept-build" });
  expect(await lab.run("iso", "--keep")).toMatchObject({ exitCode: 3, code: "make.target-failed" });

  const listed = await lab.run("shell", "--list");
  const [{ id } = { id: "" }] = (listed.lines.at(-1)?.["data"] ?? []) as readonly { readonly id: string }[];
  expect(id).toMatch(/^[0-9a-f]{12}$/);
  const inside = await lab.start(["shell", id.slice(0, 5), "sh", "-c", "cat /scratch/part /output/part; exit 9"]);
  expect(inside).toMatchObject({ exitCode: 9, stdout: "half done\nout" });
  expect(await lab.start(["shell", "--remove", id, "--json"])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("[cli.unexpected-words]") });
  expect(await lab.start(["shell", "--json", "--remove", id])).toMatchObject({ exitCode: 0 });
  expect(await lab.start(["shell", id])).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("[iso.no-kept-build]") });
  expect(await lab.leftovers()).toEqual([]);
});
