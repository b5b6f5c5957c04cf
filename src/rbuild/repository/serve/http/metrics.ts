interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** By labels as they are written: `status="200"`; empty for none. */
  readonly samples: ReadonlyMap<string, number>;
}

/** What the server has done since it started. */
export class RequestCounts {
  readonly #byStatus = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  #bytes = 0;
  #seconds = 0;
  running = 0;
  connections = 0;

  answered(route: string, status: number, bytes: number, milliseconds: number): void {
    add(this.#byStatus, `route="${route}",status="${status}"`);
    this.#bytes += bytes;
    this.#seconds += milliseconds / 1000;
  }

  /** Turned away before anything was looked at. */
  refused(reason: "connections" | "address-connections" | "rate" | "malformed" | "pipelined"): void {
    add(this.#refused, `reason="${reason}"`);
  }

  metrics(): readonly Metric[] {
    return [
      { name: "rbuild_http_requests_total", help: "Requests answered.", type: "counter", samples: this.#byStatus },
      { name: "rbuild_http_refused_total", help: "Connections and requests turned away.", type: "counter", samples: this.#refused },
      one("rbuild_http_response_bytes_total", "Bytes of bodies sent.", "counter", this.#bytes),
      one("rbuild_http_request_seconds_total", "Time spent on requests.", "counter", this.#seconds),
      one("rbuild_http_requests_running", "Requests being answered.", "gauge", this.running),
      one("rbuild_http_connections", "Connections that are open.", "gauge", this.connections),
      one("process_resident_memory_bytes", "Resident memory size.", "gauge", process.memoryUsage.rss()),
    ];
  }
}

export function one(name: string, help: string, type: Metric["type"], value: number): Metric {
  return { name, help, type, samples: new Map([["", value]]) };
}

/** The text format of Prometheus, 0.0.4. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, type, samples }) => {
      const lines = [...samples].map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
    })
    .join("");
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
