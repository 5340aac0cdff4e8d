import { command } from '../command.ts'
import { DEFAULT_CONFIG, NODE_OPTIONS } from '../node-client.ts'

export const run = command({
  name: 'run',
  usage: '',
  about: `\
Runs a node in the foreground. When it is ready it prints one line of JSON on stdout:
  {"event":"ready","address":"...","listen":["..."],"http":"127.0.0.1:9464","control":"..."}
with the address that messages go to, where it accepts links, its HTTP server (null where that is off)
and its control socket. Its log goes to stderr.

SIGTERM and SIGINT (Ctrl-C) drain the node and end it; a second one ends it at once. SIGHUP reads the
configuration again, takes over what can change in a running node and names the rest in the log.`,
  options: {
    config: { ...NODE_OPTIONS.config, help: `The configuration. Default: ./${DEFAULT_CONFIG}` },
    set: {
      type: 'string',
      multiple: true,
      value: 'KEY=VALUE',
      help: 'Override a key, such as logging.level=debug. VALUE is TOML, or plain text.',
    },
  },
  arguments: { min: 0, max: 0 },
  async run({ config = DEFAULT_CONFIG, set = [] }) {
    const { runNode } = await import('../run/run-node.ts')
    return await runNode(config, set)
  },
})
