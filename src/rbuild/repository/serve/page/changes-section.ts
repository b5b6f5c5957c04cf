import { counted } from "../../../../system/counted.ts";
import type { PackageChange } from "../../../lock/lock-operations.ts";
import { type Html, html } from "./html.ts";
import type { Step } from "./package-changes.ts";

/** Lines of one step; a new Debian release has thousands. */
const MAX_LINES = 300;

export function changesSection(steps: readonly Step[]): Html {
  if (steps.length === 0) return html``;
  return html`<section aria-labelledby="changes">
<h2 id="changes">What changed</h2>
${steps.map(stepDetails)}
</section>`;
}

function stepDetails({ from, to, changes }: Step): Html {
  const title = html`${to.name} ${to.version} (${to.architecture}), since ${from.version}`;
  if (!changes) return html`<p>${title}: not known, because a lock is missing.</p>`;
  if (changes.length === 0) return html`<p>${title}: the same packages.</p>`;
  const more = changes.length - MAX_LINES;
  return html`<details>
<summary>${title}: ${counted(changes.length, "package")}</summary>
<ul>
${changes.slice(0, MAX_LINES).map((change) => html`<li>${changeText(change)}</li>\n`)}
</ul>${more > 0 ? html`<p>and ${more} more</p>` : html``}
</details>
`;
}

function changeText(change: PackageChange): Html {
  switch (change.kind) {
    case "added":
      return html`<code>${change.to.name}</code> ${change.to.version} is new`;
    case "removed":
      return html`<code>${change.from.name}</code> ${change.from.version} is gone`;
    case "changed":
      return html`<code>${change.to.name}</code> ${change.from.version} → ${change.to.version}`;
    default:
      return change satisfies never;
  }
}
