import type { EventHub } from "../events.ts";
import type { Volumes } from "./volume.ts";

/** The same volumes, whose coming and going is told as events. */
export function announcingVolumes(volumes: Volumes, events: EventHub): Volumes {
  const publish = (action: "create" | "destroy", name: string) => events.publish({ kind: "volume", action, id: name, attributes: { driver: "local" } });
  const isThere = async (name: string | undefined) => name !== undefined && (await volumes.list()).some((volume) => volume.name === name);
  return {
    async create(spec) {
      const wasThere = await isThere(spec.name);
      const volume = await volumes.create(spec);
      if (!wasThere) publish("create", volume.name);
      return volume;
    },
    get: (name) => volumes.get(name),
    list: () => volumes.list(),
    async remove(name, options) {
      const wasThere = await isThere(name);
      await volumes.remove(name, options);
      if (wasThere) publish("destroy", name);
    },
  };
}
