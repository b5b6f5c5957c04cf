/** Words before a command that is to run in a network namespace with a loopback interface and nothing else; its counters are kept in a file. */
export const withoutNetwork = (counters: string): readonly string[] => [
  "unshare",
  "--net",
  "sh",
  "-c",
  'ip link set lo up && "$@"; code=$?; cat /proc/net/snmp >"$0"; exit $code',
  counters,
];

/** What is counted where nobody has tried to reach anything. */
export const NO_CONNECTION = { "Tcp.ActiveOpens": 0, "Tcp.AttemptFails": 0, "Udp.OutDatagrams": 0, "Ip.OutNoRoutes": 0 };

/** `Tcp.ActiveOpens` and the like, of /proc/net/snmp: each protocol has a line of names and a line of values. proc(5) */
export function counterValues(snmp: string): Record<string, number> {
  const lines = snmp.trim().split("\n");
  const values: Record<string, number> = {};
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [protocol = "", ...names] = (lines[at] ?? "").split(" ");
    const numbers = (lines[at + 1] ?? "").split(" ").slice(1);
    for (const [index, name] of names.entries()) values[`${protocol.slice(0, -1)}.${name}`] = Number(numbers[index]);
  }
  return values;
}
