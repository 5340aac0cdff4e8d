/**
 * Every key of hopwire.toml. This table is the one source of the validation, the types, the defaults, the
 * sample file and docs/configuration.md: a key is added here, or in transport-schema.ts, and nowhere else.
 */
import { parseHostPort } from './host-port.ts'
import { choice, choices, flag, formatted, path, table, text, type ValueOf, whole } from './kinds.ts'
import { TRANSPORT } from './transport-schema.ts'

export const SCHEMA = table('', {
  preset: choice(['none', 'constrained', 'relay', 'gateway'], {
    default: 'none',
    doc: 'The kind of node that the defaults are made for. Keys that are set win over the preset.',
  }),

  node: table('The node itself.', {
    name: text({
      default: '',
      max: 64,
      doc: 'A name for people, shown in the logs and in the status. It never leaves the node.',
    }),
    data_dir: path({
      default: 'data',
      doc: "The folder for everything the node keeps. Relative to this file's folder.",
    }),
    capabilities: choices(['relay', 'store', 'gateway', 'constrained'], {
      default: ['relay', 'store'],
      doc:
        'What the node does for others, and announces: pass their messages on (relay), keep messages for those ' +
        'who are away (store), join a radio mesh to the internet (gateway). A node that is constrained asks to ' +
        'be spared.',
    }),
    shutdown_s: whole({
      default: 10,
      min: 1,
      max: 3600,
      unit: 'seconds',
      doc:
        'How long the node may take to stop. It tells its neighbours, closes its links one after another, and sends ' +
        'what waits; 100 neighbours take a quarter of a second, 1,000 take about three.',
    }),
  }),

  identity: table('Who the node is.', {
    key_file: path({
      default: 'identity.key',
      doc: "The file with the node's secret key, readable by its owner alone. Relative to this file's folder.",
    }),
    succession_days: whole({
      default: 30,
      min: 1,
      max: 3650,
      unit: 'days',
      doc:
        "How long after 'hopwire key rotate' the node tells others of its new key, and goes on answering to the " +
        'address of the old one.',
    }),
  }),

  transport: TRANSPORT,

  announce: table('How the node makes itself known.', {
    interval_s: whole({
      default: 600,
      min: 1,
      max: 86_400,
      unit: 'seconds',
      doc: 'The time between two announces of this node.',
    }),
    max_age_s: whole({
      default: 1800,
      min: 2,
      max: 604_800,
      unit: 'seconds',
      doc: 'How long an announce and the paths it made stay valid. At least twice interval_s, so that one lost announce does no harm.',
    }),
    max_hops: whole({
      default: 64,
      min: 1,
      max: 128,
      unit: 'hops',
      doc: 'Announces that have come further than this are dropped.',
    }),
  }),

  routing: table("The router's tables.", {
    max_paths: whole({
      default: 65_536,
      min: 16,
      max: 16_777_216,
      unit: 'paths',
      doc: 'How many paths to other nodes are remembered.',
    }),
    seen_messages: whole({
      default: 200_000,
      min: 1024,
      max: 16_777_216,
      unit: 'messages',
      doc: 'How many messages are remembered, so that no copy is taken twice.',
    }),
  }),

  store: table('Messages kept for nodes that are away.', {
    kind: choice(['sqlite', 'memory'], {
      default: 'sqlite',
      doc: 'Where messages are kept: in a file, or in memory until the process ends.',
    }),
    path: path({ default: 'store.db', doc: 'The file of the sqlite store. Relative to node.data_dir.' }),
    max_messages: whole({
      default: 100_000,
      min: 1,
      max: 100_000_000,
      unit: 'messages',
      doc: 'How many messages are kept in all.',
    }),
    max_bytes: whole({
      default: 268_435_456,
      min: 131_072,
      max: 1_099_511_627_776,
      unit: 'bytes',
      doc: 'How much is kept in all, without what the file needs for itself.',
    }),
    max_messages_per_source: whole({
      default: 10_000,
      min: 1,
      max: 100_000_000,
      unit: 'messages',
      doc: 'How many messages of one sender are kept.',
    }),
    max_ttl_s: whole({
      default: 604_800,
      min: 1,
      max: 31_536_000,
      unit: 'seconds',
      doc: 'The longest a message is kept, whatever lifetime it asks for.',
    }),
  }),

  crypto: table('The library that signs, checks and encrypts.', {
    provider: choice(['auto', 'sodium', 'noble'], {
      default: 'auto',
      doc:
        'sodium is native code, noble is JavaScript and about 27 times slower. auto takes sodium where it loads ' +
        'and noble elsewhere.',
    }),
  }),

  rate_limit: table('What one link may bring in. What is over a limit is dropped and counted.', {
    frames_per_s: whole({
      default: 20_000,
      min: 1,
      max: 10_000_000,
      unit: 'frames per second',
      doc: 'Frames of any kind.',
    }),
    bytes_per_s: whole({
      default: 67_108_864,
      min: 131_072, // below this the largest message would never fit
      max: 17_179_869_184,
      unit: 'bytes per second',
      doc: 'Bytes of all frames together.',
    }),
    announces_per_s: whole({
      default: 1000,
      min: 1,
      max: 1_000_000,
      unit: 'announces per second',
      doc: 'Announces.',
    }),
    garbage_per_s: whole({
      default: 20,
      min: 1,
      max: 1_000_000,
      unit: 'frames per second',
      doc: 'Frames that are malformed or wrongly signed. A link that brings more is closed.',
    }),
    burst_s: whole({
      default: 2,
      min: 1,
      max: 60,
      unit: 'seconds',
      doc: "How many seconds' worth of each limit a quiet link may save up.",
    }),
  }),

  blocklist: table('Nodes to have nothing to do with.', {
    file: text({
      default: '',
      max: 4096,
      doc:
        'A file of public keys and addresses, one a line, with comments behind a #. No link to them, no announce, ' +
        'no message from or to them. It is read at the start and at every SIGHUP. Empty for none. Relative to ' +
        "this file's folder.",
      reload: true,
    }),
  }),

  http: table('Health, metrics and the console.', {
    enabled: flag({ default: true, doc: 'Whether they are served at all.' }),
    listen: formatted('host:port, such as 127.0.0.1:9464 or [::1]:9464', isHostPort, {
      default: '127.0.0.1:9464',
      doc:
        'Where they are served. Port 0 takes any free port. They have no password: keep them on the machine ' +
        'or behind something that has.',
    }),
  }),

  control: table('The socket through which the commands talk to the node.', {
    socket: path({
      default: 'control.sock',
      doc: 'The file of the socket. Relative to node.data_dir; at most 107 bytes with its folders.',
    }),
  }),

  logging: table('The log, on stderr.', {
    level: choice(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      default: 'info',
      doc: 'The least important entries to write.',
      reload: true,
    }),
    format: choice(['text', 'json'], {
      default: 'text',
      doc: 'Lines for people, or one JSON object per line for programs.',
    }),
  }),
})

function isHostPort(text: string): boolean {
  return parseHostPort(text) !== undefined
}

/** A whole configuration: the shape of hopwire.toml with every key present. Frozen. */
export interface Config extends ValueOf<typeof SCHEMA> {}

/** A configuration with only the keys somebody wants to differ from the defaults. */
export type PartialConfig = DeepPartial<Config>

type DeepPartial<T> = T extends readonly (infer E)[]
  ? readonly (E extends object ? DeepPartial<E> : E)[]
  : T extends string | number | boolean
    ? T
    : { readonly [K in keyof T]?: DeepPartial<T[K]> | undefined }
