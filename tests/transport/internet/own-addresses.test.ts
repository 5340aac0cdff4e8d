import assert from 'node:assert/strict'
import { it } from 'node:test'
import { VirtualClock } from '../../../src/sim/clock.ts'
import { OWN_ADDRESSES_MS } from '../../../src/transport/internet/limits.ts'
import { OwnAddresses } from '../../../src/transport/internet/own-addresses.ts'

it('a change of the own addresses is noticed once, and not after the end', () => {
  const clock = new VirtualClock()
  let present = 'eth0 192.0.2.1/24'
  let changes = 0
  const watch = new OwnAddresses(
    clock,
    () => {
      changes += 1
    },
    () => present,
  )
  watch.start()
  clock.advance(10 * OWN_ADDRESSES_MS)
  assert.equal(changes, 0)
  present = ''
  clock.advance(OWN_ADDRESSES_MS)
  assert.equal(changes, 1)
  present = 'wlan0 198.51.100.1/24'
  clock.advance(3 * OWN_ADDRESSES_MS)
  assert.equal(changes, 2)
  watch.stop()
  present = ''
  clock.advance(3 * OWN_ADDRESSES_MS)
  assert.equal(changes, 2)
})

it('the addresses of this machine stay the same while nothing happens', () => {
  const clock = new VirtualClock()
  const watch = new OwnAddresses(clock, () => assert.fail('they have changed'))
  watch.start()
  clock.advance(3 * OWN_ADDRESSES_MS)
  watch.stop()
})
