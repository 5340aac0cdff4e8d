/** The tables of the status page. */

import type { RadioDuty, RadioFigures } from '../transport/radio-figures.ts'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMilliseconds,
  formatSeconds,
  formatShare,
} from './format.ts'
import { type Html, html } from './html.ts'
import type {
  Counts,
  EnvelopeCount,
  MetricsSnapshot,
  NeighbourView,
  PathView,
  StoreSnapshot,
  TransportSnapshot,
} from './snapshot.ts'

/** Rows a table shows. */
const MOST_ROWS = 50

interface Column<Row> {
  readonly heading: string
  /** `number` stands to the right; `mono` is for addresses. */
  readonly kind?: 'number' | 'mono'
  readonly cell: (row: Row) => string
}

const NEIGHBOUR_COLUMNS: readonly Column<NeighbourView>[] = [
  { heading: 'Address', kind: 'mono', cell: (n) => n.address ?? 'not known' },
  { heading: 'Over', cell: (n) => n.transport },
  { heading: 'Remote', kind: 'mono', cell: (n) => n.remote },
  { heading: 'Opened by', cell: (n) => (n.direction === 'outbound' ? 'this node' : 'the neighbour') },
  { heading: 'Latency', kind: 'number', cell: (n) => formatMilliseconds(n.latencyMs) },
  { heading: 'Queued', kind: 'number', cell: (n) => formatBytes(n.queuedBytes) },
]

const PATH_COLUMNS: readonly Column<PathView>[] = [
  { heading: 'Destination', kind: 'mono', cell: (p) => p.destination },
  { heading: 'Next hop', kind: 'mono', cell: (p) => p.nextHop },
  { heading: 'Over', cell: (p) => p.transport },
  { heading: 'Hops', kind: 'number', cell: (p) => formatCount(p.hops) },
  { heading: 'Metric', kind: 'number', cell: (p) => formatMilliseconds(p.metricMs) },
  { heading: 'Heard', kind: 'number', cell: (p) => `${formatDuration(p.ageSeconds, 1)} ago` },
  { heading: 'Expires', kind: 'number', cell: (p) => `in ${formatDuration(p.expiresInSeconds, 1)}` },
  { heading: 'Alternates', kind: 'number', cell: (p) => formatCount(p.alternates.length) },
  { heading: 'Why', cell: (p) => p.reason },
  { heading: 'Can', cell: (p) => p.capabilities.join(', ') || '–' },
]

const TRAFFIC_COLUMNS: readonly Column<TransportSnapshot>[] = [
  { heading: 'Transport', cell: (t) => t.name },
  { heading: 'Links', kind: 'number', cell: (t) => formatCount(t.links) },
  { heading: 'Frames in', kind: 'number', cell: (t) => formatCount(t.framesReceived) },
  { heading: 'Frames out', kind: 'number', cell: (t) => formatCount(t.framesSent) },
  { heading: 'Bytes in', kind: 'number', cell: (t) => formatBytes(t.bytesReceived) },
  { heading: 'Bytes out', kind: 'number', cell: (t) => formatBytes(t.bytesSent) },
]

const RADIO_COLUMNS: readonly Column<RadioFigures>[] = [
  { heading: 'Port', kind: 'mono', cell: (r) => r.port },
  { heading: 'State', cell: (r) => r.problem ?? (r.isUp ? 'up' : 'down') },
  { heading: 'Band', cell: (r) => r.duty?.band ?? '–' },
  {
    heading: 'Airtime this hour',
    kind: 'number',
    cell: (r) => (r.duty === undefined ? '–' : airtime(r.duty)),
  },
  { heading: 'Queued', kind: 'number', cell: (r) => formatDuration(r.queueSeconds) },
  {
    heading: 'Channel in use',
    kind: 'number',
    cell: (r) => (r.modem.channelLoad === undefined ? '–' : formatShare(r.modem.channelLoad)),
  },
  { heading: 'Sent again', kind: 'number', cell: (r) => formatCount(r.retransmissions) },
  { heading: 'Neighbours', kind: 'number', cell: (r) => formatCount(r.neighbours) },
]

const ENVELOPE_COLUMNS: readonly Column<EnvelopeCount>[] = [
  { heading: 'Action', cell: (e) => e.action },
  { heading: 'Reason', cell: (e) => spaced(e.reason) || '–' },
  { heading: 'Count', kind: 'number', cell: (e) => formatCount(e.count) },
]

type Figure = readonly [label: string, value: string]

const FIGURE_COLUMNS: readonly Column<Figure>[] = [
  { heading: 'What', cell: ([label]) => label },
  { heading: 'Count', kind: 'number', cell: ([, value]) => value },
]

export function neighboursSection(neighbours: readonly NeighbourView[]): Html {
  return section('Neighbours', 'no links', NEIGHBOUR_COLUMNS, neighbours)
}

export function pathsSection(paths: readonly PathView[], pathCount: number): Html {
  return section('Paths', 'none yet: no announce has been heard', PATH_COLUMNS, paths, pathCount)
}

export function trafficSection(transports: readonly TransportSnapshot[]): Html {
  return section('Traffic', 'no transport runs', TRAFFIC_COLUMNS, transports)
}

/** Nothing on a node without a radio. */
export function radiosSection(radios: readonly RadioFigures[]): Html[] {
  return radios.length === 0 ? [] : [section('Radios', '', RADIO_COLUMNS, radios)]
}

function airtime({ usedSeconds, budgetSeconds, isLifted }: RadioDuty): string {
  return `${formatSeconds(usedSeconds)} of ${isLifted ? 'no limit' : formatSeconds(budgetSeconds)}`
}

export function envelopesSection(envelopes: readonly EnvelopeCount[]): Html {
  return section('Envelopes', 'none yet', ENVELOPE_COLUMNS, envelopes)
}

export function storeSection(store: StoreSnapshot | undefined): Html {
  return section(
    'Store',
    'this node keeps nothing for others',
    FIGURE_COLUMNS,
    store ? storeFigures(store) : [],
  )
}

function storeFigures(store: StoreSnapshot): Figure[] {
  return [
    ['Messages', `${formatCount(store.messages)} of ${formatCount(store.maxMessages)}`],
    ['Bytes', `${formatBytes(store.bytes)} of ${formatBytes(store.maxBytes)}`],
    ['Taken', formatCount(store.stored)],
    ['Handed over', formatCount(store.delivered)],
    ['Expired', formatCount(store.expired)],
  ]
}

/** What was refused or failed on the way in, and how full the bounded tables are. */
export function limitsSection(metrics: MetricsSnapshot): Html {
  const { routing, outbox, seen } = metrics
  return section('Limits and refusals', '', FIGURE_COLUMNS, [
    ['Paths', `${formatCount(routing.paths)} of ${formatCount(routing.capacity)}`],
    ['Outbox', `${formatCount(outbox.waiting)} of ${formatCount(outbox.capacity)}`],
    ['Duplicate memory', `${formatCount(seen.entries)} of ${formatCount(seen.capacity)}`],
    ['Replays refused', formatCount(metrics.replays)],
    ...figuresOf('Over the limit', metrics.rateLimited),
    ...figuresOf('Crypto failure', metrics.crypto.failures),
    ...metrics.transports.flatMap((t) => figuresOf(`Error on ${t.name}`, t.errors)),
  ])
}

function figuresOf(label: string, counts: Counts): Figure[] {
  return Object.entries(counts).map(([word, count]) => [`${label}: ${spaced(word)}`, formatCount(count)])
}

function spaced(word: string): string {
  return word.replaceAll('_', ' ')
}

function section<Row>(
  title: string,
  whenEmpty: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  total = rows.length,
): Html {
  if (rows.length === 0) {
    return html`<section><h2>${title}</h2><p class="soft">${whenEmpty}</p></section>`
  }
  const shown = rows.slice(0, MOST_ROWS)
  const more =
    total > shown.length ? [html`<p class="more">and ${formatCount(total - shown.length)} more</p>`] : []
  return html`<section><h2>${title}</h2>
<table class="${columns.length > 3 ? 'wide' : 'narrow'}">
<thead><tr>${columns.map(({ heading, kind }) => html`<th class="${kind ?? 'text'}">${heading}</th>`)}</tr></thead>
<tbody>
${shown.map((row) => html`<tr>${columns.map((column) => cell(column, row))}</tr>\n`)}</tbody>
</table>${more}</section>`
}

/** The heading once more: on a narrow screen a wide table shows it before the value. */
function cell<Row>({ heading, kind, cell: read }: Column<Row>, row: Row): Html {
  return html`<td class="${kind ?? 'text'}" data-label="${heading}">${read(row)}</td>`
}
