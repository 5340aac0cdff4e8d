import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import {
  type Config,
  diffReload,
  effectiveToml,
  type LoraConfig,
  type PartialConfig,
  parseConfig,
  readNetworkKey,
  resolveConfig,
} from '../../src/config/config.ts'
import { problemsOf } from './problems-of.ts'

const KEY = '00112233445566778899aabbccddeeff'.repeat(2)
const file = 'hopwire.toml'

function parsed(text: string, set: string[] = [], env: Record<string, string> = {}): readonly LoraConfig[] {
  return parseConfig(text, { file, set, env }).config.transport.lora
}

const EU868: LoraConfig = {
  port: '/dev/ttyUSB0',
  enabled: true,
  driver: 'rnode',
  region: 'EU868',
  frequency_hz: 869_525_000,
  bandwidth_hz: 125_000,
  spreading_factor: 8,
  coding_rate: 5,
  tx_power_dbm: 14,
  antenna_gain_dbi: 2.15,
  duty_cycle: 'legal',
  network_key_file: '',
  network_key: '',
}

describe('[[transport.lora]]', () => {
  it('needs a port and nothing else', () => {
    assert.deepEqual(parsed('[[transport.lora]]\nport = "/dev/ttyUSB0"'), [EU868])
  })

  it('takes the rest from the region', () => {
    const [radio] = parsed('[[transport.lora]]\nport = "COM3"\nregion = "US915"\nspreading_factor = 8')
    assert.deepEqual(radio, {
      ...EU868,
      port: 'COM3',
      region: 'US915',
      frequency_hz: 915_000_000,
      bandwidth_hz: 500_000,
      tx_power_dbm: 20,
    })
  })

  it('may be there several times, and comes as a list from the command line, a variable or an object', () => {
    const text = '[[transport.lora]]\nport = "/dev/a"\n[[transport.lora]]\nport = "tcp://192.0.2.1:7633"'
    const wanted = [
      { ...EU868, port: '/dev/a' },
      { ...EU868, port: 'tcp://192.0.2.1:7633' },
    ]
    const written = '[{port="/dev/a"},{port="tcp://192.0.2.1:7633"}]'
    assert.deepEqual(parsed(text), wanted)
    assert.deepEqual(parsed(`transport.lora = ${written}`), wanted)
    assert.deepEqual(parsed('', [`transport.lora=${written}`]), wanted)
    assert.deepEqual(parsed('', [], { HOPWIRE_TRANSPORT_LORA: written }), wanted)
    const partial: PartialConfig = {
      transport: { lora: [{ port: '/dev/a' }, { port: 'tcp://192.0.2.1:7633' }] },
    }
    assert.deepEqual(resolveConfig(partial).transport.lora, wanted)
  })

  it('is set as a whole by what overrides the file', () => {
    const text = '[[transport.lora]]\nport = "/dev/a"\n[[transport.lora]]\nport = "/dev/b"'
    assert.deepEqual(parsed(text, ['transport.lora=[{port="/dev/c"}]']), [{ ...EU868, port: '/dev/c' }])
    assert.deepEqual(parsed(text, ['transport.lora=[]']), [])
  })

  it('stands beside other tables', () => {
    const text = '[[transport.lora]]\nport = "/dev/a"\n[transport.tcp]\nmax_links = 5'
    const { transport } = parseConfig(text, { file }).config
    assert.deepEqual([transport.lora.length, transport.tcp.max_links], [1, 5])
  })

  it('needs a restart to change', () => {
    const one = resolveConfig({ transport: { lora: [{ port: '/dev/a' }] } })
    assert.deepEqual(diffReload(resolveConfig(), one), { reloadable: [], refused: ['transport.lora'] })
    assert.deepEqual(diffReload(one, structuredClone(one)), { reloadable: [], refused: [] })
  })

  it('does not share its values with the object it came from', () => {
    const given = [{ port: '/dev/a' }]
    const config: Config = resolveConfig({ transport: { lora: given } })
    assert.ok(Object.isFrozen(config.transport.lora[0]))
    assert.ok(!Object.isFrozen(given[0]))
  })
})

describe('a bad [[transport.lora]] is refused with its line and key', () => {
  const head = '[node]\nname = ""\n[[transport.lora]]\nport = "/dev/a"\n'
  const cases: [text: string, ...lines: string[]][] = [
    ['[[transport.lora]]\nspreading_factor = 7', '1: transport.lora[1]: port is missing'],
    [
      `${head}frequncy_hz = 868100000`,
      '5: transport.lora[1].frequncy_hz: unknown key (did you mean transport.lora.frequency_hz?)',
    ],
    [
      `${head}[[transport.lora]]\nport = "ttyUSB0"`,
      '6: transport.lora[2].port: expected a serial port such as /dev/ttyUSB0 or COM3, or tcp://HOST or tcp://HOST:PORT, got "ttyUSB0"',
    ],
    [
      '[[transport.lora]]\nport = "tcp://host:0"',
      '2: transport.lora[1].port: expected a serial port such as /dev/ttyUSB0 or COM3, or tcp://HOST or tcp://HOST:PORT, got "tcp://host:0"',
    ],
    [
      `${head}spreading_factor = 13`,
      '5: transport.lora[1].spreading_factor: expected a whole number, 5 to 12, got 13',
    ],
    [
      `${head}bandwidth_hz = 125`,
      '5: transport.lora[1].bandwidth_hz: expected 7800, 10400, 15600, 20800, 31250, 41700, 62500, 125000, 250000 or 500000 hertz, got 125',
    ],
    [
      `${head}antenna_gain_dbi = "3"`,
      '5: transport.lora[1].antenna_gain_dbi: expected a number of dBi, -20 to 40, got text',
    ],
    [
      `${head}region = "EU686"`,
      '5: transport.lora[1].region: expected "EU868", "EU433" or "US915", got "EU686"',
    ],
    [`${head}duty_cycle = "off"`, '5: transport.lora[1].duty_cycle: expected "legal" or "lifted", got "off"'],
    [
      `${head}\nfrequency_hz = 868650000`,
      '6: transport.lora[1].frequency_hz: 868.65 MHz with 125 kHz of bandwidth is in no band of EU868; 868.6 to 868.7 MHz are for alarms: ' +
        'set it to 868.5375 MHz, the nearest that is legal (band M, 868 to 868.6 MHz)',
    ],
    [
      `${head}frequency_hz = 868100000\ntx_power_dbm = 20`,
      '6: transport.lora[1].tx_power_dbm: 20 dBm with an antenna of 2.15 dBi radiate 20 dBm, and band M of EU868 allows 14 (ERP): set it to 14 or less',
    ],
    [
      `${head}frequency_hz = 868100000\nantenna_gain_dbi = 5`,
      '3: transport.lora[1].tx_power_dbm: 14 dBm with an antenna of 5 dBi radiate 16.85 dBm, and band M of EU868 allows 14 (ERP): set it to 11 or less',
    ],
    [
      `${head}[[transport.lora]]\nport = "/dev/a"`,
      '6: transport.lora[2].port: transport.lora[1] has the same port: write one table for each radio',
    ],
    [
      '[[transport.lora]]\nport = "tcp://[::1]"\n[[transport.lora]]\nport = "tcp://[::1]:7633"',
      '4: transport.lora[2].port: transport.lora[1] has the same port: write one table for each radio',
    ],
    [
      `${head}network_key_file = "k"\nnetwork_key = "${KEY}"`,
      '6: transport.lora[1].network_key: set network_key_file or network_key, not both',
    ],
    [
      `${head}network_key = "${KEY.slice(1)}"`,
      '5: transport.lora[1].network_key: expected 64 hexadecimal digits; what is there is not shown',
    ],
    [
      '[transport.lora]\nport = "/dev/a"',
      '1: transport.lora: expected a list of at most 16 tables ([[transport.lora]]), got a table',
    ],
    [
      `transport.lora = [${'{},'.repeat(17)}]`,
      '1: transport.lora: expected a list of at most 16 tables ([[transport.lora]]), got 17 of them',
    ],
    ['transport.lora = ["/dev/a"]', '1: transport.lora[1]: expected a table, got text'],
    [
      'transport.lora = [\n{port = "/dev/a"},\n{port = "/dev/b", coding_rate = 4}]',
      '3: transport.lora[2].coding_rate: expected a whole number, 5 to 8, got 4',
    ],
    [
      `${head}[transport.lora.radio]\nx = 1`,
      '5: transport.lora[1].radio: unknown table (known here: port, enabled, driver, region, frequency_hz, bandwidth_hz, ' +
        'spreading_factor, coding_rate, tx_power_dbm, antenna_gain_dbi, duty_cycle, network_key_file, network_key)',
    ],
  ]
  for (const [text, ...lines] of cases) {
    it(JSON.stringify(text.replace(head, '').slice(0, 60)), () => {
      assert.deepEqual(
        problemsOf(() => parseConfig(text, { file })),
        lines.map((line) => `${file}:${line}`),
      )
    })
  }

  it('in a variable and on the command line too', () => {
    const bad = '[{port="/dev/a",coding_rate=4}]'
    const complaint = 'transport.lora[1].coding_rate: expected a whole number, 5 to 8, got 4'
    assert.deepEqual(
      problemsOf(() => parsed('', [], { HOPWIRE_TRANSPORT_LORA: bad })),
      [`HOPWIRE_TRANSPORT_LORA: ${complaint}`],
    )
    assert.deepEqual(
      problemsOf(() => parsed('', [`transport.lora=${bad}`])),
      [`--set transport.lora=${bad}: ${complaint}`],
    )
  })
})

describe('the network key', () => {
  const secret = (text: string, set: string[] = [], env: Record<string, string> = {}): string =>
    problemsOf(() => parsed(text, set, env)).join('\n')

  it('is in no error, wherever it is written', () => {
    const row = `port="/dev/a",network_key="${KEY}"`
    const errors = [
      secret(`[[transport.lora]]\nport = "/dev/a"\nnetwork_key = "${KEY}\n`),
      secret(`[[transport.lora]]\nport = "/dev/a"\nnetwork_key = "${KEY}0"`),
      secret('', [`transport.lora=[{${row},sf=7}]`]),
      secret('', [`transport.lora=[{${row}]`]),
      secret('', [`transport.lora [{${row}}]`]),
      secret('', [], { HOPWIRE_TRANSPORT_LORA: `[{${row},sf=7}]` }),
      secret('', [], { HOPWIRE_TRANSPORT_LORA: `[{${row}` }),
      secret('', [`transport.lora=[{port="/dev/a",netwrok_key="${KEY}"}]`]),
      secret(`${KEY}\n`),
      secret(`hopwire-ed25519-seed-v1 ${KEY}\n`),
    ]
    for (const error of errors) assert.ok(!error.includes(KEY.slice(0, 16)), error)
  })

  it('is not in the effective configuration, which says so', () => {
    const config = resolveConfig({ transport: { lora: [{ port: '/dev/a', network_key: KEY }] } })
    const text = effectiveToml(config)
    assert.ok(!text.includes(KEY))
    assert.match(text, /^\[\[transport\.lora\]\]\nport = "\/dev\/a"\n/m)
    assert.match(text, /^# network_key is set, and not shown$/m)
  })

  describe('in a file', () => {
    let folder: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'hopwire-key-'))
    })
    after(() => rm(folder, { recursive: true }))

    const read = (network_key_file: string): Promise<Uint8Array | undefined> =>
      readNetworkKey({ network_key: '', network_key_file }, folder)

    it('is read where its owner alone may read it', async () => {
      await writeFile(join(folder, 'good'), `${KEY}\n`, { mode: 0o600 })
      assert.deepEqual(await read('good'), Uint8Array.from(Buffer.from(KEY, 'hex')))
      assert.deepEqual(await read(join(folder, 'good')), Uint8Array.from(Buffer.from(KEY, 'hex')))
    })

    it('is refused where others may read it', { skip: process.platform === 'win32' }, async () => {
      await writeFile(join(folder, 'open'), KEY)
      await chmod(join(folder, 'open'), 0o640)
      await assert.rejects(read('open'), {
        code: 'ERR_CONFIG',
        message: /open has mode 0640, so others can read the key: chmod 600 /,
      })
    })

    it('is refused where it is none, without being shown', async () => {
      await writeFile(join(folder, 'short'), KEY.slice(2), { mode: 0o600 })
      const error = await read('short').catch((error: unknown) => error as Error)
      assert.ok(error instanceof Error)
      assert.match(error.message, /short does not hold 64 hexadecimal digits and nothing else$/)
      assert.ok(!error.message.includes(KEY.slice(2, 10)))
      await assert.rejects(read('absent'), {
        code: 'ERR_CONFIG',
        message: /absent does not exist: .*openssl/,
      })
      await assert.rejects(read('.'), { code: 'ERR_CONFIG', message: /is no regular file/ })
    })

    it('may be in the configuration itself, or nowhere', async () => {
      const keyOf = (network_key: string): Promise<Uint8Array | undefined> =>
        readNetworkKey({ network_key, network_key_file: '' }, folder)
      assert.deepEqual(await keyOf(KEY), Uint8Array.from(Buffer.from(KEY, 'hex')))
      assert.equal(await keyOf(''), undefined)
    })
  })
})
