import { z } from "zod";
import { imageDefinitionSchema } from "./definition/schema.ts";
import { imageLockSchema } from "./lock/image-lock.ts";

/** JSON Schemas (2020-12) for editors and for those who read rbuild's files with programs of their own, by file name in `schemas/`. */
export function publishedSchemas(): ReadonlyMap<string, string> {
  return new Map([
    ["image.schema.json", schemaText(imageDefinitionSchema, "Definition of an image: images/<name>/image.yaml")],
    ["image.lock.schema.json", schemaText(imageLockSchema, "Lock of an image: images/<name>/image.lock.json")],
  ]);
}

function schemaText(schema: z.ZodType, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      // The only values with a check of this program's own are digests.
      if (zodSchema._zod.def.type === "custom") Object.assign(jsonSchema, { type: "string", pattern: "^sha256:[0-9a-f]{64}$" });
    },
  });
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}
