/** The style of the status page: its own file, so that the page needs no inline style. */
export const CONSOLE_CSS = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --line: #dfe3e8; --text: #1a2027; --soft: #5b6673;
  --good: #1a7f45; --good-bg: #def5e7; --fair: #8a5a00; --fair-bg: #fdf0d0; --bad: #b3261e; --bad-bg: #fce4e2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --card: #1a2027; --line: #2e3742; --text: #e6eaee; --soft: #98a4b1;
    --good: #6fd79b; --good-bg: #15352a; --fair: #f0c363; --fair-bg: #3a2e12; --bad: #ff9a92; --bad-bg: #432120;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 1160px; margin: 0 auto; padding: 24px 20px 40px; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; }
h1 { margin: 0; font-size: 26px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 10px; font-size: 16px; }
p { margin: 0; }
p.mono, td.mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12.5px; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.sub { margin-top: 4px; }
.pill { padding: 2px 12px; border-radius: 99px; font-size: 14px; font-weight: 600; white-space: nowrap; }
.healthy { color: var(--good); background: var(--good-bg); }
.degraded, .draining { color: var(--fair); background: var(--fair-bg); }
.unhealthy { color: var(--bad); background: var(--bad-bg); }
section { margin-top: 20px; padding: 16px 18px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.checks { display: grid; grid-template-columns: max-content max-content 1fr; gap: 8px 14px; align-items: baseline; margin: 0; padding: 0; list-style: none; }
.checks li { display: contents; }
.checks .pill { justify-self: start; font-size: 13px; padding: 1px 10px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 0; }
.tiles div { padding: 12px 16px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles dt { color: var(--soft); font-size: 13px; }
.tiles dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.3; }
.tiles dd small { font-size: 13px; font-weight: 400; color: var(--soft); white-space: nowrap; }
table { width: 100%; border-collapse: collapse; }
th { padding: 4px 14px 6px 0; color: var(--soft); font-size: 13px; font-weight: 500; text-align: left; white-space: nowrap; }
td { padding: 7px 14px 7px 0; border-top: 1px solid var(--line); vertical-align: baseline; overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.more { margin-top: 10px; color: var(--soft); }
.pair { display: grid; grid-template-columns: 3fr 2fr; gap: 0 20px; align-items: start; }
footer { margin-top: 24px; color: var(--soft); font-size: 13px; }
a { color: inherit; }
@media (max-width: 760px) {
  main { padding: 16px 12px 32px; }
  section { margin-top: 14px; padding: 14px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 10px; margin-top: 14px; }
  .tiles div { padding: 10px 12px; }
  .checks { grid-template-columns: max-content 1fr; }
  .checks .detail { grid-column: 1 / -1; margin-top: -6px; }
  .pair { display: block; }
  /* Each row of a wide table becomes a card, each cell a line with its heading before it. */
  .wide thead { display: none; }
  .wide, .wide tbody, .wide tr { display: block; }
  .wide tr { padding: 10px 0; border-top: 1px solid var(--line); }
  .wide tbody tr:first-child { padding-top: 0; border-top: 0; }
  .wide tbody tr:last-child { padding-bottom: 0; }
  .wide td { display: flex; gap: 12px; justify-content: space-between; padding: 2px 0; border: 0; text-align: right; white-space: normal; }
  .wide td::before { content: attr(data-label); flex: none; color: var(--soft); font: 13px/1.7 system-ui, sans-serif; }
}
`
