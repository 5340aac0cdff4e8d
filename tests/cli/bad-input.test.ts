import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { Workplace } from './program.ts'

const ADDRESS = '0123456789abcdef0123456789abcdef'

let place: Workplace

before(async () => {
  place = await Workplace.make()
  for (const dir of ['good', 'open-key', 'no-key', 'bad-key']) {
    const { code, stderr } = await place.hopwire(['init', '--dir', dir])
    assert.equal(code, 0, stderr)
  }
  await chmod(place.path('open-key/identity.key'), 0o644)
  await writeFile(place.path('bad-key/identity.key'), 'not a key\n', { mode: 0o600 })
  await writeFile(place.path('no-key/hopwire.toml'), '[identity]\nkey_file = "nowhere.key"\n')
  await writeFile(place.path('bad.toml'), '[announce]\nintervl_s = 5\n\n[node]\nname = 7\n')
  const thin =
    '[[transport.lora]]\nport = "tcp://127.0.0.1:7"\nregion = "US915"\nbandwidth_hz = 125000\nspreading_factor = 12\n'
  await writeFile(place.path('no-room.toml'), thin)
  await writeFile(place.path('broken.toml'), '[node]\nname = "abc\n')
  await writeFile(place.path('big.bin'), new Uint8Array(65_537))
  await writeFile(place.path('just.bin'), new Uint8Array(65_524))
  await mkdir(place.path('folder'))
})

after(() => place[Symbol.asyncDispose]())

interface Case {
  readonly args: readonly string[]
  readonly code: 1 | 2 | 3
  /** DIR stands for the folder of the test. */
  readonly stderr: readonly string[]
  readonly input?: Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

const NO_NODE = "no node answers at DIR/good/data/control.sock: start one with 'hopwire run'"
const EXPECTED_INTERVAL = 'announce.interval_s'

const CASES: Readonly<Record<string, Case>> = {
  'an unknown command': { args: ['sned'], code: 2, stderr: ['unknown command "sned" (did you mean send?)'] },
  'one far from any': {
    args: ['frobnicate'],
    code: 2,
    stderr: [`unknown command "frobnicate" (see 'hopwire --help')`],
  },
  'a name of Object': {
    args: ['constructor'],
    code: 2,
    stderr: [`unknown command "constructor" (see 'hopwire --help')`],
  },
  'a flag before the command': {
    args: ['--json', 'peers'],
    code: 2,
    stderr: [`unknown option "--json" (see 'hopwire --help')`],
  },
  'help for nothing': {
    args: ['help', 'nothing'],
    code: 2,
    stderr: [`unknown command "nothing" (see 'hopwire --help')`],
  },
  'a control character in a command': {
    args: ['st\u001b[31m'],
    code: 2,
    stderr: [String.raw`unknown command "st\u001b[31m" (see 'hopwire --help')`],
  },
  'an unknown flag': {
    args: ['peers', '--jsno'],
    code: 2,
    stderr: ["peers: unknown option '--jsno', did you mean --json? (see 'hopwire peers --help')"],
  },
  'an unknown flag like no other': {
    args: ['peers', '--colour'],
    code: 2,
    stderr: ["peers: unknown option '--colour' (see 'hopwire peers --help')"],
  },
  'a version asked for in short': {
    args: ['-v'],
    code: 2,
    stderr: [`unknown option "-v" (see 'hopwire --help')`],
  },
  'a flag without its value': {
    args: ['run', '--set'],
    code: 2,
    stderr: ["run: option '--set <value>' argument missing (see 'hopwire run --help')"],
  },
  'a value that looks like a flag': {
    args: ['send', ADDRESS, 'x', '--ttl', '-5'],
    code: 2,
    stderr: [
      "send: option '--ttl' argument is ambiguous: write --NAME=VALUE where VALUE begins with '-' (see 'hopwire send --help')",
    ],
  },
  'a value for a flag that takes none': {
    args: ['routes', '--json=yes'],
    code: 2,
    stderr: ["routes: option '--json' does not take an argument (see 'hopwire routes --help')"],
  },
  'too many arguments': {
    args: ['id', 'me'],
    code: 2,
    stderr: [`id: unexpected argument "me" (see 'hopwire id --help')`],
  },
  'too few arguments': {
    args: ['trace'],
    code: 2,
    stderr: ["trace: too few arguments: trace ADDRESS (see 'hopwire trace --help')"],
  },
  'another action of config': {
    args: ['config', 'edit'],
    code: 2,
    stderr: [`config: unknown action "edit" (see 'hopwire config --help')`],
  },

  'a configuration that is not there': {
    args: ['run'],
    code: 2,
    stderr: ["hopwire.toml: does not exist: 'hopwire init' writes one"],
  },
  'a configuration with two errors': {
    args: ['run', '-c', 'bad.toml'],
    code: 2,
    stderr: [
      `bad.toml:2: announce.intervl_s: unknown key (did you mean ${EXPECTED_INTERVAL}?)`,
      'bad.toml:5: node.name: expected one line of text, at most 64 characters, got 7',
    ],
  },
  'the same, checked': {
    args: ['config', 'check', 'bad.toml'],
    code: 2,
    stderr: [
      `bad.toml:2: announce.intervl_s: unknown key (did you mean ${EXPECTED_INTERVAL}?)`,
      'bad.toml:5: node.name: expected one line of text, at most 64 characters, got 7',
    ],
  },
  'a radio for which the law leaves no packet': {
    args: ['config', 'check', 'no-room.toml'],
    code: 2,
    stderr: [
      'no-room.toml:5: transport.lora[1].spreading_factor: radio tcp://127.0.0.1:7: no packet of use fits into ' +
        'the 400 ms that one may take here: set a lower spreading factor or a wider channel',
    ],
  },
  'what is no TOML': {
    args: ['config', 'check', 'broken.toml'],
    code: 2,
    stderr: ['broken.toml:2:12: not valid TOML: unterminated string constant: name = "abc'],
  },
  'a bad override': {
    args: ['run', '-c', 'good/hopwire.toml', '--set', 'logging.level=loud'],
    code: 2,
    stderr: [
      '--set logging.level=loud: expected "trace", "debug", "info", "warn", "error" or "silent", got "loud"',
    ],
  },
  'a bad variable': {
    args: ['config', 'check', 'good/hopwire.toml'],
    env: { HOPWIRE_LOGING_LEVEL: 'info' },
    code: 2,
    stderr: ['HOPWIRE_LOGING_LEVEL: unknown variable (did you mean HOPWIRE_LOGGING_LEVEL?)'],
  },
  'an address to listen on that is none': {
    args: ['run', '-c', 'good/hopwire.toml', '--set', 'transport.tcp.listen=["/ip4/1.2.3.400/tcp/1"]'],
    code: 2,
    stderr: [
      '--set transport.tcp.listen=["/ip4/1.2.3.400/tcp/1"]: entry 1: expected a TCP multiaddr such as /ip4/192.0.2.1/tcp/4330, got "/ip4/1.2.3.400/tcp/1"',
    ],
  },
  'a peer that only another transport could reach': {
    args: ['run', '-c', 'good/hopwire.toml', '--set', 'transport.tcp.peers=["/ip4/127.0.0.1/udp/1"]'],
    code: 2,
    stderr: [
      '--set transport.tcp.peers=["/ip4/127.0.0.1/udp/1"]: entry 1: expected a TCP multiaddr such as /ip4/192.0.2.1/tcp/4330, got "/ip4/127.0.0.1/udp/1"',
    ],
  },
  'an address of TCP for QUIC to listen on': {
    args: [
      'run',
      '-c',
      'good/hopwire.toml',
      '--set',
      'transport.quic.enabled=true',
      '--set',
      'transport.quic.listen=["/ip4/127.0.0.1/tcp/1"]',
    ],
    code: 2,
    stderr: [
      '--set transport.quic.listen=["/ip4/127.0.0.1/tcp/1"]: entry 1: expected a QUIC multiaddr such as /ip4/192.0.2.1/udp/4330/quic-v1, got "/ip4/127.0.0.1/tcp/1"',
    ],
  },
  'a key file that others can read': {
    args: ['run', '-c', 'open-key/hopwire.toml'],
    code: 2,
    stderr: [
      'key file DIR/open-key/identity.key has mode 0644, so others can read the key: chmod 600 DIR/open-key/identity.key',
    ],
  },
  'a key file that is not there': {
    args: ['run', '-c', 'no-key/hopwire.toml'],
    code: 2,
    stderr: ["key file DIR/no-key/nowhere.key does not exist: 'hopwire init' makes one"],
  },
  'a key file that is none': {
    args: ['id', '-c', 'bad-key/hopwire.toml'],
    code: 2,
    stderr: ['key file DIR/bad-key/identity.key is no hopwire key file'],
  },
  'a node that is there already': {
    args: ['init', '--dir', 'good'],
    code: 2,
    stderr: [
      'good/hopwire.toml exists and is not overwritten: move it away, or give another --dir',
      'good/identity.key exists and is not overwritten: move it away, or give another --dir',
    ],
  },
  'a folder that cannot be one': {
    args: ['init', '--dir', 'bad.toml/x'],
    code: 2,
    stderr: ["bad.toml/x: cannot be written: ENOTDIR: not a directory, mkdir 'bad.toml/x'"],
  },
  'a folder that cannot be looked into': {
    args: ['init', '--dir', 'x'.repeat(300)],
    code: 2,
    stderr: [
      `DIR: cannot be written: ENAMETOOLONG: name too long, mkdir 'DIR'`.replaceAll('DIR', 'x'.repeat(300)),
    ],
  },

  'no node to ask': {
    args: ['status'],
    code: 2,
    stderr: [
      'no hopwire.toml in this folder: go to the folder of a node, or say which one with --control PATH or -c FILE',
    ],
  },
  'a node that does not run': { args: ['peers', '-c', 'good/hopwire.toml'], code: 1, stderr: [NO_NODE] },
  'a socket that is not there': {
    args: ['routes', '--control', 'nowhere.sock'],
    code: 1,
    stderr: ["no node answers at nowhere.sock: start one with 'hopwire run'"],
  },
  'one that the environment names': {
    args: ['store', '--json'],
    env: { HOPWIRE_CONTROL: '/nowhere/control.sock' },
    code: 1,
    stderr: ["no node answers at /nowhere/control.sock: start one with 'hopwire run'"],
  },
  'a file that is no socket': {
    args: ['listen', '--control', 'bad.toml'],
    code: 1,
    stderr: ["no node answers at bad.toml: start one with 'hopwire run'"],
  },

  'a malformed address': {
    args: ['send', 'bob', 'hello', '-c', 'good/hopwire.toml'],
    code: 2,
    stderr: ["'bob' is no address: expected 32 hexadecimal digits, or the first 6 or more"],
  },
  'one of too many digits': {
    args: ['trace', `${ADDRESS}0`],
    code: 2,
    stderr: [`'${ADDRESS}0' is no address: expected 32 hexadecimal digits, or the first 6 or more`],
  },
  'one that is very long': {
    args: ['trace', 'g'.repeat(1000)],
    code: 2,
    stderr: [`'${'g'.repeat(48)}…' is no address: expected 32 hexadecimal digits, or the first 6 or more`],
  },
  'a text of 65,537 bytes': {
    args: ['send', ADDRESS, 'x'.repeat(65_537)],
    code: 2,
    stderr: ['TEXT has 65537 bytes: a message carries at most 65536'],
  },
  'a stdin of 65,537 bytes': {
    args: ['send', ADDRESS],
    input: new Uint8Array(65_537),
    code: 2,
    stderr: ['stdin has more than 65536 bytes: a message carries at most 65536'],
  },
  'a file of 65,537 bytes': {
    args: ['send', ADDRESS, '--file', 'big.bin'],
    code: 2,
    stderr: ['file big.bin has 65537 bytes: a message carries at most 65536'],
  },
  'a file that its name makes too large': {
    args: ['send', ADDRESS, '--file', 'just.bin'],
    code: 2,
    stderr: ['file "just.bin" has 65524 bytes: a message carries at most 65523 with this name'],
  },
  'a file that is not there': {
    args: ['send', ADDRESS, '--file', 'gone'],
    code: 2,
    stderr: ['file gone does not exist'],
  },
  'a folder for a file': {
    args: ['send', ADDRESS, '--file', 'folder'],
    code: 2,
    stderr: ['file folder cannot be read: EISDIR: illegal operation on a directory, read'],
  },
  'a text and a file': {
    args: ['send', ADDRESS, 'hello', '--file', 'bad.toml'],
    code: 2,
    stderr: ['send: TEXT and --file are two messages: send one, then the other'],
  },
  'an unknown priority': {
    args: ['send', ADDRESS, 'x', '--priority', 'urgent'],
    code: 2,
    stderr: ['--priority: expected control, receipt, text or bulk, got "urgent"'],
  },
  'a state that nobody can wait for': {
    args: ['send', ADDRESS, 'x', '--wait', 'read'],
    code: 2,
    stderr: ['--wait: expected sent, stored or delivered, got "read"'],
  },
  'a time to live of nothing': {
    args: ['send', ADDRESS, 'x', '--ttl', '0'],
    code: 2,
    stderr: ['--ttl: expected a number of seconds above 0 and up to 134184960, got "0"'],
  },
  'a time to live beyond what a message can carry': {
    args: ['send', ADDRESS, 'x', '--ttl', '134184961'],
    code: 2,
    stderr: ['--ttl: expected a number of seconds above 0 and up to 134184960, got "134184961"'],
  },
  'a timeout in words': {
    args: ['send', ADDRESS, 'x', '--timeout', '1e3'],
    code: 2,
    stderr: ['--timeout: expected a number of seconds above 0 and up to 604800, got "1e3"'],
  },
  'a good message and no node': {
    args: ['send', ADDRESS, 'hello', '-c', 'good/hopwire.toml'],
    code: 1,
    stderr: [NO_NODE],
  },
}

describe('bad input costs a line each, and says what to do', () => {
  for (const [name, { args, code, stderr, env = {}, input }] of Object.entries(CASES)) {
    test(name, async () => {
      const outcome = await place.hopwire(args, { env, ...(input === undefined ? {} : { input }) })
      const said = outcome.stderr.replaceAll(place.dir, 'DIR')
      assert.equal(said, stderr.map((line) => `hopwire: ${line}\n`).join(''))
      assert.deepEqual({ code: outcome.code, stdout: outcome.stdout }, { code, stdout: '' })
    })
  }

  test('a port that is taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as { port: number }
    try {
      const listens = [
        ['http', `"127.0.0.1:${port}"`],
        ['transport.tcp', `["/ip4/127.0.0.1/tcp/${port}"]`],
      ] as const
      for (const [table, listen] of listens) {
        const key = `${table}.listen`
        await writeFile(place.path('good/taken.toml'), `\n[${table}]\nlisten = ${listen}\n`)
        const others = ['http.listen=127.0.0.1:0', 'transport.tcp.listen=[]', 'logging.level=silent']
        const set = others.filter((other) => !other.startsWith(key)).flatMap((other) => ['--set', other])
        const inFile = await place.hopwire(['run', '-c', 'good/taken.toml', ...set])
        const given = ['--set', `${key}=${listen}`]
        const onCommandLine = await place.hopwire(['run', '-c', 'good/hopwire.toml', ...set, ...given])
        for (const [{ code, stdout, stderr }, at] of [
          [inFile, `good/taken\\.toml:3: ${key}`],
          [onCommandLine, `--set ${key}=\\S+`],
        ] as const) {
          assert.match(
            stderr,
            new RegExp(`^hopwire: ${at}: [^\\n]*127\\.0\\.0\\.1(:|/tcp/)${port} [^\\n]+\\n$`),
          )
          assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
        }
      }
    } finally {
      server.close()
    }
  })
})
