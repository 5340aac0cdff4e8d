/** Every command there is. Each is loaded when it is called, so that the first line of help comes at once. */
import type { Command } from './command.ts'

export interface CommandEntry {
  readonly summary: string
  load(): Promise<Command>
}

export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: {
    summary: 'Make a new node: its configuration and its key.',
    load: async () => (await import('./commands/init.ts')).init,
  },
  run: {
    summary: 'Run a node in the foreground.',
    load: async () => (await import('./commands/run.ts')).run,
  },
  config: {
    summary: 'Check a configuration, or print what it comes to.',
    load: async () => (await import('./commands/config.ts')).config,
  },
  id: {
    summary: "Print a node's address, public key and peer id.",
    load: async () => (await import('./commands/id.ts')).id,
  },
  key: {
    summary: 'Give a node its next key, and tell the mesh.',
    load: async () => (await import('./commands/key.ts')).key,
  },
  status: {
    summary: 'Show how a running node is.',
    load: async () => (await import('./commands/status.ts')).status,
  },
  netcheck: {
    summary: 'Look what works from here and what does not.',
    load: async () => (await import('./commands/netcheck.ts')).netcheck,
  },
  peers: {
    summary: 'List its neighbours.',
    load: async () => (await import('./commands/peers.ts')).peers,
  },
  routes: {
    summary: 'List the destinations it knows and the way to each.',
    load: async () => (await import('./commands/routes.ts')).routes,
  },
  store: {
    summary: 'Show what it keeps for others.',
    load: async () => (await import('./commands/store.ts')).store,
  },
  trace: {
    summary: 'Show the path to a destination hop by hop.',
    load: async () => (await import('./commands/trace.ts')).trace,
  },
  send: {
    summary: 'Send a text or a file and tell what becomes of it.',
    load: async () => (await import('./commands/send.ts')).send,
  },
  listen: {
    summary: 'Print messages as they arrive.',
    load: async () => (await import('./commands/listen.ts')).listen,
  },
  airtime: {
    summary: 'Tell how long bytes are on the air by LoRa, and what the law leaves.',
    load: async () => (await import('./commands/airtime.ts')).airtime,
  },
  sim: {
    summary: 'Run a simulated mesh and measure it.',
    load: async () => (await import('./commands/sim.ts')).sim,
  },
  lora: {
    summary: 'Look at a LoRa modem.',
    load: async () => (await import('./commands/lora.ts')).lora,
  },
  'rnode-emulator': {
    summary: 'Run LoRa modems that are not there, for nodes without radios.',
    load: async () => (await import('./commands/rnode-emulator.ts')).rnodeEmulator,
  },
}
