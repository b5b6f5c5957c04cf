/** In the page itself: one file to load, and nothing else is allowed by its policy. Contrasts are 7:1 and above. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1f; --soft: #4a4a55; --back: #fdfdfc; --line: #d5d5d0; --box: #f1f1ec; --link: #0b4a8f; --good: #14532d; --bad: #8b1111; --warn: #6b4000; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececf0; --soft: #b9b9c4; --back: #16161a; --line: #3a3a44; --box: #212128; --link: #9cc8ff; --good: #8fe0ac; --bad: #ffb0a8; --warn: #f3cf85; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 68rem; background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 .5rem; font-size: 1.6rem; } h2 { margin: 2.2rem 0 .6rem; font-size: 1.2rem; } h3 { margin: 1.4rem 0 .4rem; font-size: 1rem; }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, pre { font: .875em/1.5 ui-monospace, monospace; } pre { margin: .5rem 0; padding: .7rem .9rem; background: var(--box); border-radius: .4rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); } td.number { white-space: nowrap; }
.scroll { overflow-x: auto; } .digest { overflow-wrap: anywhere; min-width: 14rem; color: var(--soft); }
.state { padding: .7rem .9rem; border-left: .35rem solid; background: var(--box); border-radius: .2rem; } .state p { margin: .2rem 0; color: var(--text); }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
summary { cursor: pointer; } details { margin: .4rem 0; } ul { margin: .4rem 0; padding-left: 1.2rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .9rem; }
`;
