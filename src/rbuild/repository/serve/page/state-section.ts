import type { RepositoryView } from "../view/repository-view.ts";
import { type Html, html } from "./html.ts";

/** The first of its times that is past, or undefined. Asked at each request: it becomes stale by itself. */
export function staleSince({ freshness, index }: Extract<RepositoryView, { kind: "read" }>, now: Date): string | undefined {
  return [freshness.expires, index.expires].sort().find((expires) => now >= new Date(expires));
}

/** Whether what is here can be believed, and to be the newest. */
export function stateSection(view: RepositoryView, now: Date): Html {
  if (view.kind === "refused") {
    const what = view.isChecked ? "Refused: the signatures or files are not as they must be." : "This repository cannot be read.";
    return box("bad", what, html`<p>${view.reason.message}.</p><p>Code: <code>${view.reason.code}</code></p>`);
  }
  const { freshness, index, isChecked } = view;
  const since = staleSince(view, now);
  const facts = html`<p>Index ${index.version}, vouched for as the newest as of <time datetime="${freshness.asOf}">${freshness.asOf}</time>, until <time datetime="${freshness.expires}">${freshness.expires}</time>.</p>`;
  if (since !== undefined) {
    const advice = html`<p>Nobody has vouched since <time datetime="${since}">${since}</time> that this is the newest. What you have pinned by digest stays good.</p>`;
    return box("warn", isChecked ? "Signed, but stale." : "Signatures not checked here, and stale.", html`${facts}${advice}`);
  }
  if (isChecked) return box("good", "Signed and fresh.", html`${facts}<p>So says this server's own client. Yours decides by its own keys.</p>`);
  return box("warn", "Signatures not checked here.", html`${facts}<p>The server was given no keys. Your client decides by its own.</p>`);
}

function box(kind: "good" | "warn" | "bad", title: string, text: Html): Html {
  return html`<section class="state ${kind}" aria-label="State"><strong>${title}</strong>${text}</section>`;
}
