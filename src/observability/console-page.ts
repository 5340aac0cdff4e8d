/** The status page: rendered by the node, readable on a phone, and in need of no script. */
import {
  envelopesSection,
  limitsSection,
  neighboursSection,
  pathsSection,
  radiosSection,
  storeSection,
  trafficSection,
} from './console-tables.ts'
import { formatCount, formatDuration } from './format.ts'
import type { HealthCheck, HealthReport } from './health.ts'
import { type Html, html } from './html.ts'
import { type EnvelopeAction, type MetricsSnapshot, neighbourCount, type StatusView } from './snapshot.ts'

export interface ConsoleView {
  readonly status: StatusView
  readonly health: HealthReport
  readonly metrics: MetricsSnapshot
}

const REFRESH_SECONDS = 5

/** A whole HTML document. Its only resource is `/console.css`. */
export function consolePage({ status, health, metrics }: ConsoleView): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>${status.name || 'node'} · ${health.status} · hopwire</title>
<link rel="stylesheet" href="/console.css">
</head>
<body>
<main>
<header><h1>${status.name || 'node'}</h1><span class="pill ${health.status}">${health.status}</span></header>
<p class="sub mono">${status.address}</p>
${status.listen.map((address) => html`<p class="mono soft">${address}</p>\n`)}
${tiles(status, metrics)}
${checks(health)}
${neighboursSection(status.neighbours)}
${radiosSection(metrics.radios)}
${pathsSection(status.paths, status.pathCount)}
<div class="pair">
<div>${trafficSection(metrics.transports)}${envelopesSection(metrics.envelopes)}</div>
<div>${storeSection(metrics.store)}${limitsSection(metrics)}</div>
</div>
<footer>hopwire ${health.version} · crypto by ${metrics.build.crypto} · refreshed every ${REFRESH_SECONDS} s ·
<a href="/healthz">health</a> · <a href="/metricsz">metrics</a></footer>
</main>
</body>
</html>
`.markup
}

function tiles(status: StatusView, { envelopes, uptimeSeconds }: MetricsSnapshot): Html {
  const total = (action: EnvelopeAction): string =>
    formatCount(envelopes.reduce((sum, e) => sum + (e.action === action ? e.count : 0), 0))
  const figures = [
    ['Up for', formatDuration(uptimeSeconds)],
    ['Neighbours', formatCount(neighbourCount(status.neighbours))],
    ['Paths', formatCount(status.pathCount)],
    ['Delivered', total('delivered')],
    ['Forwarded', total('forwarded')],
    ['Dropped', total('dropped')],
  ] as const
  return html`<dl class="tiles">
${figures.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>\n`)}</dl>`
}

const WORST_FIRST = ['unhealthy', 'degraded', 'healthy']

function checks(health: HealthReport): Html {
  const rows = Object.entries(health.checks).sort(
    ([, a], [, b]) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status),
  )
  const drain = health.status === 'draining' ? [html`<p class="more">A shutdown has begun.</p>`] : []
  return html`<section><h2>Health</h2>
<ul class="checks">
${rows.map(checkRow)}</ul>${drain}</section>`
}

function checkRow([name, { status, detail }]: readonly [string, HealthCheck]): Html {
  return html`<li><span>${name}</span><span class="pill ${status}">${status}</span>
<span class="detail">${detail}</span></li>\n`
}
