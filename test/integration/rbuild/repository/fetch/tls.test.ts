import { copyFile, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { give, serve } from "../../../../support/pool/web-server.ts";
import { rbuild } from "../../../../support/rbuild-command.ts";
import { serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveTls, testAuthority } from "../../../../support/repository/tls-server.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

/** A repository, an authority, and what `rbuild image fetch` says, as a person starts it. */
async function setUp() {
  const images = await imagesOnDisk(new Date());
  const scratch = await scratchDirectory();
  const authority = await testAuthority(scratch);
  const files = (redirects: Readonly<Record<string, string>> = {}, name = "IP:127.0.0.1", days?: number) =>
    authority.issue(name, days).then((certificate) =>
      serveTls(certificate, (request, response) => {
        const path = (request.url ?? "").slice(1);
        const prefix = Object.keys(redirects).find((each) => path.startsWith(each));
        if (prefix !== undefined) response.writeHead(302, { location: `${redirects[prefix]}/${path}` }).end();
        else
          readFile(join(images.directory, path)).then(
            (bytes) => give(bytes, request, response),
            () => response.writeHead(404).end(),
          );
      }),
    );
  let clients = 0;
  const fetch = async (url: string, env: Readonly<Record<string, string>> = {}) => {
    const client = join(scratch, `client-${++clients}`);
    const places = ["--engine-root", join(client, "engine"), "--run-root", join(client, "run")];
    const words = ["image", "fetch", "tools", "--channel", "testing", "--keys", images.keys, "--from", url];
    const { exitCode, stderr } = await rbuild([...places, ...words], { env: { NODE_EXTRA_CA_CERTS: "", ...env } });
    return { exitCode, code: /\[((?:trust|repository)\.[a-z-]+)\]/.exec(stderr)?.[1], stderr };
  };
  return { images, scratch, authority, files, fetch };
}

test("a private authority is believed where the system or the environment names it, and nowhere else", async () => {
  const { authority, files, fetch, scratch } = await setUp();
  const url = await files();
  expect(await fetch(url)).toMatchObject({ exitCode: 5, code: "trust.wrong-certificate", stderr: expect.stringContaining("update-ca-certificates") });
  const system = join(scratch, "system.crt");
  await copyFile(authority.file, system);
  for (const env of [{ NODE_EXTRA_CA_CERTS: authority.file }, { SSL_CERT_FILE: system }]) expect(await fetch(url, env)).toMatchObject({ exitCode: 0 });
});

test("a certificate for another name, or one that has expired, is refused", async () => {
  const { authority, files, fetch } = await setUp();
  const env = { NODE_EXTRA_CA_CERTS: authority.file };
  for (const url of [await files({}, "DNS:example.org"), await files({}, "IP:127.0.0.1", -1)])
    expect(await fetch(url, env)).toMatchObject({ exitCode: 5, code: "trust.wrong-certificate" });
});

test("who speaks no TLS, and a file of authorities that cannot be read, are named", async () => {
  const { fetch, images } = await setUp();
  const url = (await serveFiles(images.directory)).url.replace("http:", "https:");
  expect(await fetch(url)).toMatchObject({ exitCode: 7, code: "repository.unreachable", stderr: expect.stringContaining("speaks http alone") });
  const answer = await fetch(url, { SSL_CERT_FILE: "/nonexistent" });
  expect(answer).toMatchObject({ exitCode: 7, code: "repository.unreachable", stderr: expect.stringContaining("SSL_CERT_FILE") });
});

test("a redirect from https to http is not followed, for metadata and for files", async () => {
  const { authority, files, fetch, images } = await setUp();
  const env = { NODE_EXTRA_CA_CERTS: authority.file };
  const plain = await serveFiles(images.directory);
  for (const what of ["current.json", "encoded"])
    expect(await fetch(await files({ [what]: plain.url }), env)).toMatchObject({ exitCode: 5, code: "trust.redirect" });
  expect(plain.asked).toEqual([]);
});

test("the server's certificate counts behind a proxy, too", async () => {
  const { authority, files, fetch } = await setUp();
  const url = await files();
  const tunnels: string[] = [];
  const proxy = await serve(
    (_request, response) => response.writeHead(403).end(),
    (request, socket) => {
      tunnels.push(request.url ?? "");
      const [host = "", port = ""] = (request.url ?? "").split(":");
      const server = connect(Number(port), host, () => void socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      socket.pipe(server).pipe(socket);
      for (const end of [socket, server]) end.on("error", () => (socket.destroy(), server.destroy()));
    },
  );
  const env = { https_proxy: proxy.url, no_proxy: "" };
  expect(await fetch(url, env)).toMatchObject({ exitCode: 5, code: "trust.wrong-certificate" });
  expect(await fetch(url, { ...env, NODE_EXTRA_CA_CERTS: authority.file })).toMatchObject({ exitCode: 0 });
  expect(new Set(tunnels)).toEqual(new Set([new URL(url).host]));
});
