import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { planOf } from '../../../src/cli/rnode-emulator/options.ts'

describe('the options of the emulator', () => {
  it('come to two modems on an air without losses, on ports from 7633 on', async () => {
    assert.deepEqual(await planOf({}), {
      names: ['1', '2'],
      addresses: [
        { host: '127.0.0.1', port: 7633 },
        { host: '127.0.0.1', port: 7634 },
      ],
      reach: 'full',
      loss: 0,
      airtimeScale: 1,
      platform: 'esp32',
    })
  })

  it('count the modems by their addresses', async () => {
    const { names, addresses } = await planOf({ tcp: '127.0.0.1:7633,127.0.0.2:7633,[::1]:0' })
    assert.equal(names.length, 3)
    assert.deepEqual(addresses[2], { host: '::1', port: 0 })
  })

  it('make losses bursty', async () => {
    assert.deepEqual((await planOf({ loss: '0.5', burst: true })).loss, {
      goodLoss: 0,
      badLoss: 1,
      toGood: 0.25,
      toBad: 0.25,
    })
  })

  it('are refused by name', async () => {
    for (const [values, why] of [
      [{ tcp: 'here' }, /--tcp: expected addresses such as 127.0.0.1:7633, got "here"/],
      [{ 'port-base': '65535' }, /--port-base: expected a whole number, 0 to 65534/],
      [{ loss: '1', burst: true }, /--burst/],
      [{ loss: 'much' }, /--loss/],
      [{ platform: 'z80' }, /--platform: expected esp32, nrf52 or avr/],
      [{ modems: '1e3' }, /--modems/],
      [{ 'airtime-scale': '' }, /--airtime-scale/],
    ] as const) {
      await assert.rejects(planOf(values), { code: 'ERR_USAGE', message: why })
    }
  })
})
