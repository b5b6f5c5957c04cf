import type { CgroupUsage } from "../../../system/index.ts";
import { NEVER } from "./time.ts";

export interface StatsSample {
  readonly id: string;
  readonly name: string;
  readonly at: Date;
  /** Undefined when the container does not run, or has no cgroup that counts. */
  readonly usage: CgroupUsage | undefined;
  /** Bytes. */
  readonly hostMemory: number;
  readonly hostCpus: number;
}

/** One object of GET /containers/{id}/stats. Numbers the host does not give are left out, as Docker leaves them out. */
export function statsAnswer(sample: StatsSample, previous: StatsSample | undefined) {
  const { usage } = sample;
  const limit = usage?.memoryLimit;
  return {
    name: `/${sample.name}`,
    id: sample.id,
    read: sample.usage ? sample.at.toISOString() : NEVER,
    preread: previous ? previous.at.toISOString() : NEVER,
    pids_stats: usage?.pids === undefined ? {} : { current: usage.pids },
    blkio_stats: {
      io_service_bytes_recursive: null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(sample),
    precpu_stats: cpuStats(previous),
    memory_stats:
      usage?.memory === undefined
        ? {}
        : { usage: usage.memory, stats: usage.memoryDetails, limit: limit === undefined || limit > sample.hostMemory ? sample.hostMemory : limit },
    networks: {},
  };
}

function cpuStats(sample: StatsSample | undefined) {
  const throttling_data = { periods: 0, throttled_periods: 0, throttled_time: 0 };
  if (!sample?.usage) return { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 }, throttling_data };
  const { usage, hostCpus } = sample;
  return {
    cpu_usage: { total_usage: usage.cpuNanoseconds ?? 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
    system_cpu_usage: usage.hostCpuNanoseconds,
    online_cpus: hostCpus,
    throttling_data,
  };
}
