import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/runtime/clock.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { EmulatedAir, type EmulatedModemOptions } from '../../src/sim/rnode/network.ts'
import { TcpPort } from '../../src/sim/rnode/tcp-port.ts'
import { hopwire } from './program.ts'

async function withModem(
  options: Omit<EmulatedModemOptions, 'name'>,
  use: (port: string) => Promise<void>,
): Promise<void> {
  const air = new EmulatedAir({ clock: systemClock, random: seededRandom('lora') })
  const tcp = await TcpPort.listen(air.modem({ name: 'a', ...options }), systemClock, '127.0.0.1', 0)
  try {
    await use(`tcp://${tcp.address}`)
  } finally {
    await tcp.close()
    air.stop()
  }
}

describe('hopwire lora probe', () => {
  test('shows a modem', async () => {
    await withModem({ platform: 'esp32' }, async (port) => {
      const { code, stdout, stderr } = await hopwire(['lora', 'probe', port])
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
      assert.match(stdout, /^firmware +1\.86$/m)
      assert.match(stdout, /^platform +esp32$/m)
      assert.match(stdout, /^radio +off, locked until it is set up$/m)
    })
  })

  test('shows it to programs', async () => {
    await withModem({ platform: 'nrf52' }, async (port) => {
      const { code, stdout } = await hopwire(['lora', 'probe', port, '--json'])
      assert.equal(code, 0)
      const { ok, problems, telemetry, settings } = JSON.parse(stdout)
      assert.deepEqual([ok, problems, settings.isRadioOn], [true, [], false])
      assert.equal(telemetry.platform, 'nrf52')
    })
  })

  test('says in a line what is wrong, and exits with 1', async () => {
    await withModem({ firmware: '1.51' }, async (port) => {
      const { code, stderr } = await hopwire(['lora', 'probe', port])
      assert.equal(code, 1)
      assert.equal(stderr, `hopwire: ${port}: its firmware 1.51 is too old: flash 1.52 or newer\n`)
    })
    const { code, stdout, stderr } = await hopwire(['lora', 'probe', '/dev/none-of-that-name'])
    assert.deepEqual(
      { code, stdout, stderr },
      {
        code: 1,
        stdout: '',
        stderr: 'hopwire: /dev/none-of-that-name: there is no such port; is the modem plugged in?\n',
      },
    )
  })

  test('refuses what is no port or no action, with exit code 2', async () => {
    for (const args of [['probe', 'udp://x'], ['prob', '/dev/ttyS0'], ['probe'], []]) {
      const { code, stderr } = await hopwire(['lora', ...args])
      assert.equal(code, 2)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
    }
  })
})
