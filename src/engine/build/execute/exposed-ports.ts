const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i;

/** `80`, `53/udp`, `8000-8010`, several in one text when a variable held them → `config.ExposedPorts`. */
export function exposedPorts(texts: readonly string[], fail: (reason: string) => Error): Record<string, Record<string, never>> {
  const ports: Record<string, Record<string, never>> = {};
  for (const text of texts.flatMap((words) => words.split(/\s+/).filter((word) => word !== ""))) {
    const [, first, last, protocol] = PORT.exec(text) ?? [];
    const [from, to] = [Number(first), Number(last ?? first)];
    if (!(from >= 1 && to >= from && to <= 65_535)) throw fail(`${JSON.stringify(text)} is not a port, such as 80, 53/udp or 8000-8010/tcp`);
    for (let port = from; port <= to; port++) ports[`${port}/${(protocol ?? "tcp").toLowerCase()}`] = {};
  }
  return ports;
}
