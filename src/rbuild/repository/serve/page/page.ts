import type { Digest } from "../../../../oci/index.ts";
import { byteText } from "../../../pool/byte-text.ts";
import type { RepositoryIndex } from "../../../trust/format/index-file.ts";
import type { QuorumCount } from "../../../trust/verdicts/quorum.ts";
import type { RepositoryView } from "../view/repository-view.ts";
import { changesSection } from "./changes-section.ts";
import { Html, html } from "./html.ts";
import type { Step } from "./package-changes.ts";
import { staleSince, stateSection } from "./state-section.ts";
import { STYLE } from "./style.ts";

type Image = RepositoryIndex["images"][number];

export interface PageFacts {
  readonly view: RepositoryView;
  readonly steps: readonly Step[];
  /** By manifest. */
  readonly rebuilders: ReadonlyMap<Digest, QuorumCount>;
  /** As the reader reached it: `mirror.example:8080`. */
  readonly host: string;
  readonly now: Date;
}

/** The page for people. Complete without scripts, pictures and any other file. */
export function renderPage({ view, steps, rebuilders, host, now }: PageFacts): Html {
  const name = view.kind === "read" ? view.index.repository : "Images";
  const isStale = view.kind === "read" && staleSince(view, now) !== undefined;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}${isStale ? " (stale)" : ""} – rbuild repository</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
<h1>${name}</h1>
</header>
<main>
${stateSection(view, now)}
${view.kind === "read" ? [imagesSection(view.index, rebuilders), usageSection(view.index, host), changesSection(steps)] : []}
</main>
<footer>Served by <code>rbuild serve</code>. Everything here can also be had as <a href="/current.json">files</a>, for <code>rbuild image fetch</code>, and as a registry, for Docker, Podman and skopeo.</footer>
</body>
</html>
`;
}

function imagesSection(index: RepositoryIndex, rebuilders: PageFacts["rebuilders"]): Html {
  if (index.images.length === 0) return html`<section aria-labelledby="images"><h2 id="images">Images</h2><p>There are none yet.</p></section>`;
  const blobs = new Map(index.blobs.map((blob) => [blob.digest, blob]));
  const newestFirst = index.images.toSorted((a, b) => (a.name !== b.name ? (a.name < b.name ? -1 : 1) : a.released > b.released ? -1 : 1));
  return html`<section aria-labelledby="images">
<h2 id="images">Images</h2>
<div class="scroll" role="region" aria-labelledby="images" tabindex="0">
<table>
<caption>By name, newest first. “To fetch” is the whole image in its smallest form; whoever has an older one needs less.</caption>
<thead><tr><th scope="col">Image</th><th scope="col">Version</th><th scope="col">Channels</th><th scope="col">For</th><th scope="col">Released</th><th scope="col">Unpacked</th><th scope="col">To fetch</th>${rebuilders.size > 0 ? html`<th scope="col">Rebuilt alike</th>` : html``}<th scope="col">Digest</th></tr></thead>
<tbody>
${newestFirst.map((image) => imageRow(image, blobs, rebuilders))}
</tbody>
</table>
</div>
</section>`;
}

function imageRow(image: Image, blobs: ReadonlyMap<Digest, RepositoryIndex["blobs"][number]>, rebuilders: PageFacts["rebuilders"]): Html {
  const parts = [...new Set([image.manifest, image.config, ...image.layers])].flatMap((digest) => blobs.get(digest) ?? []);
  const unpacked = parts.reduce((sum, { size }) => sum + size, 0);
  const smallest = parts.reduce((sum, { plain, encodings }) => sum + Math.min(...[...(plain ? [plain] : []), ...encodings].map(({ size }) => size)), 0);
  return html`<tr><th scope="row">${image.name}</th><td>${image.version}</td><td>${image.channels.join(", ")}</td><td>${image.architecture}</td><td class="number"><time datetime="${image.released}">${image.released.slice(0, 10)}</time></td><td class="number">${byteText(unpacked)}</td><td class="number">${byteText(smallest)}</td>${rebuilders.size > 0 ? rebuiltCell(rebuilders.get(image.manifest)) : html``}<td class="digest"><code>${image.manifest}</code></td></tr>
`;
}

/** How many independent rebuilders say that they got the same bytes. */
function rebuiltCell(count: QuorumCount | undefined): Html {
  if (!count) return html`<td></td>`;
  const { identical, different, of, demanded } = count;
  const disputed = different.length === 0 ? html`` : html`<br><strong class="bad">${different.length} got ANOTHER image</strong>`;
  const wanted = identical.length >= demanded ? html`` : html`<br><span class="warn">${demanded} are demanded</span>`;
  return html`<td class="number">${identical.length} of ${of}${disputed}${wanted}</td>`;
}

function usageSection(index: RepositoryIndex, host: string): Html {
  const image = index.images.toSorted((a, b) => (a.released > b.released ? -1 : 1))[0];
  if (!image) return html``;
  const reference = `${host}/${image.name}@${image.manifest}`;
  return html`<section aria-labelledby="use">
<h2 id="use">How to use them</h2>
<p>With rbuild, which checks the signatures by the keys of its checkout and loads only what has changed since the image that is there:</p>
<pre tabindex="0"><code>sudo rbuild image fetch ${image.name} --from http://${host}/</code></pre>
<p>With other tools, by digest: they know nothing of the signatures, so take the digest from somewhere that you trust.</p>
<pre tabindex="0"><code>docker pull ${reference}
podman pull --tls-verify=false ${reference}
skopeo copy --src-tls-verify=false docker://${reference} oci:${image.name}</code></pre>
</section>`;
}
