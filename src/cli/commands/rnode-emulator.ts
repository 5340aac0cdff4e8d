import { command } from '../command.ts'

export const rnodeEmulator = command({
  name: 'rnode-emulator',
  usage: '',
  about: `\
Runs RNode modems that are not there, on one air that they share: airtime, listening before talking,
collisions and losses are those of radios. Programs for RNode modems connect to them over TCP, or open
their pseudo-terminals like serial ports. When all is ready it prints one line of JSON on stdout:
  {"event":"ready","modems":[{"name":"1","tcp":"127.0.0.1:7633","pty":"/tmp/hopwire-rnode-x/1"}]}
and then a line for each transmission, with who received it and what became of it elsewhere.

Lines on stdin do things to the modems, such as 'unplug 1 4s', 'wedge 2', 'echo 1 frequency +500',
'status', and 'help' for all of them. Ctrl-C ends it.`,
  options: {
    modems: { type: 'string', value: 'N', help: 'How many; they are called 1, 2, ... Default: 2.' },
    tcp: {
      type: 'string',
      value: 'ADDRESSES',
      help: 'Where each listens, such as 127.0.0.1:7633,127.0.0.1:7634. A port 0 is any free one.',
    },
    'port-base': {
      type: 'string',
      value: 'P',
      help: 'In its place: the port of the first on 127.0.0.1; the others follow. Default: 7633.',
    },
    pty: { type: 'boolean', help: 'Give each a pseudo-terminal too. Needs socat.' },
    reach: {
      type: 'string',
      value: 'WHO',
      help:
        'Who hears whom: full, line, pairs such as 1-2,2-3 or 1-2@-110:0.2 with dBm and loss, or a file ' +
        'that ends in .json. Default: full.',
    },
    loss: { type: 'string', value: 'SHARE', help: 'The share of frames that is lost, 0 to 1. Default: 0.' },
    burst: { type: 'boolean', help: 'Let losses come several in a row.' },
    'airtime-scale': {
      type: 'string',
      value: 'X',
      help: 'Let all on the air take X times as long; 0 for no time at all. Default: 1.',
    },
    platform: {
      type: 'string',
      value: 'NAME',
      help: 'The board: esp32, nrf52 or avr, which comes with little memory and no telemetry. Default: esp32.',
    },
    seed: {
      type: 'string',
      value: 'S',
      help: 'For the draws of the air, any text. Default: another each time.',
    },
    json: { type: 'boolean', help: 'Print each event as a line of JSON, and take lines as before.' },
  },
  arguments: { min: 0, max: 0 },
  async run(values) {
    const { runEmulator } = await import('../rnode-emulator/run-emulator.ts')
    return await runEmulator(values)
  },
})
