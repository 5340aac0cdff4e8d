/** The documents say what the data says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { REGIONS } from '../../../src/config/regions/regions.ts'

const read = (path: string): string => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8')
const hardware = read('hardware.md')
const dutyCycle = read('specs/duty-cycle.md')

function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('| '))
  return lines.map((line) => line.split('|').map((cell) => cell.trim()))
}

describe('the documents', () => {
  for (const { id, bands, channel } of Object.values(REGIONS)) {
    it(`have the channel and the bands of ${id}`, () => {
      const { frequencyHz, bandwidthHz, spreadingFactor, txPowerDbm } = channel
      const settings = `${frequencyHz / 1e6} MHz, ${bandwidthHz / 1000} kHz, SF ${spreadingFactor}, ${txPowerDbm} dBm`
      assert.ok(rowsOf(hardware).some(([, region, shown]) => region === `\`${id}\`` && shown === settings))
      for (const band of bands) {
        const row = rowsOf(dutyCycle).find(([, , letter]) => letter === band.id)
        assert.ok(row, `band ${band.id}`)
        const [, , , range = '', share = '', erp = ''] = row
        const [from, to] = range.split(' to ').map(Number)
        assert.deepEqual([from, to], [band.fromHz / 1e6, band.toHz / 1e6])
        const most = band.allowances.reduce((a, b) => (b.maxErpDbm > a.maxErpDbm ? b : a))
        assert.equal(Number.parseFloat(erp), most.maxErpDbm)
        const wanted = most.dutyShare === 1 ? 'no limit' : `${most.dutyShare * 100} %`
        assert.ok(share.startsWith(wanted), `${share}, not ${wanted}`)
      }
    })
  }

  it('have the bytes of a ledger as they are', () => {
    assert.match(dutyCycle, /687764010000000101c9c3805b28cf17\n {4}ffffffffffffffff0007a120adf315ae/)
  })
})
