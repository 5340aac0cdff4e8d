import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Identity } from '../../src/identity/identity.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import { type Admission, AdmissionControl, MAX_NETWORKS } from '../../src/transport/admission.ts'

const [bob, carol] = ['bob', 'carol'].map((name) => Identity.generate(seededRandom(name))) as [
  Identity,
  Identity,
]
const REMOTE = '/ip4/192.0.2.1/tcp/4001'

function code(answer: Admission): string {
  return answer === 'accept' ? answer : answer.code
}

describe('admission by who asks', () => {
  it('lets everybody in unless told otherwise', () => {
    assert.equal(new AdmissionControl().judge(bob.address, REMOTE), 'accept')
  })

  it('goes by address or public key, and denial wins', () => {
    const allowing = new AdmissionControl({ allow: [bob.publicKey] })
    assert.equal(code(allowing.judge(bob.address, REMOTE)), 'accept')
    assert.equal(code(allowing.judge(carol.address, REMOTE)), 'denied')
    const both = new AdmissionControl({ allow: [bob.address, carol.address], deny: [carol.publicKey] })
    assert.equal(code(both.judge(bob.address, REMOTE)), 'accept')
    assert.equal(code(both.judge(carol.address, REMOTE)), 'denied')
    assert.equal(code(new AdmissionControl({ allow: [] }).judge(bob.address, REMOTE)), 'denied')
  })

  it('asks the hook last, and takes a hook that fails for a refusal', () => {
    const seen: string[] = []
    const hooked = new AdmissionControl({
      deny: [carol.address],
      hook: (neighbour, remote) => {
        seen.push(`${neighbour.toString()} ${remote}`)
        return { code: 'busy', reason: 'not today' }
      },
    })
    assert.deepEqual(hooked.judge(bob.address, REMOTE), { code: 'busy', reason: 'not today' })
    assert.equal(code(hooked.judge(carol.address, REMOTE)), 'denied')
    assert.deepEqual(seen, [`${bob.address.toString()} ${REMOTE}`])
    const broken = new AdmissionControl({
      hook: () => {
        throw new Error('a defect')
      },
    })
    assert.equal(code(broken.judge(bob.address, REMOTE)), 'busy')
  })
})

describe('admission by network', () => {
  it('limits the connections of a /24 and of a /64, and makes room when one closes', () => {
    const control = new AdmissionControl({ perNetwork: 2 })
    for (const hosts of [
      ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.3.1'],
      ['2001:db8::1', '2001:db8::2:1', '2001:db8::3', '2001:db8:0:1::1'],
    ] as const) {
      for (const host of hosts.slice(0, 2)) {
        assert.equal(code(control.arrived(host, 0)), 'accept')
        control.opened(host)
      }
      assert.equal(code(control.arrived(hosts[2], 0)), 'busy')
      assert.equal(code(control.arrived(hosts[3], 0)), 'accept', 'another network')
      control.closed(hosts[0])
      assert.equal(code(control.arrived(hosts[2], 0)), 'accept')
    }
  })

  it('limits how fast a network may connect, and no other for it', () => {
    const control = new AdmissionControl({ connectsPerS: 5 })
    const admitted = (host: string, now: number): number => {
      let count = 0
      for (let n = 0; n < 1000; n++) if (control.arrived(host, now) === 'accept') count += 1
      return count
    }
    assert.equal(admitted('192.0.2.1', 0), 20)
    assert.equal(admitted('192.0.2.2', 0), 0)
    assert.equal(admitted('198.51.100.1', 0), 20)
    assert.equal(admitted('192.0.2.1', 1000), 5)
  })

  it('does not limit this machine unless told to', () => {
    for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      const control = new AdmissionControl()
      for (let n = 0; n < 2000; n++) {
        assert.equal(control.arrived(host, 0), 'accept')
        control.opened(host)
      }
      assert.equal(code(new AdmissionControl({ perNetwork: 0 }).arrived(host, 0)), 'busy')
    }
  })

  it('remembers no more than so many networks, and forgets none that is connected', () => {
    const control = new AdmissionControl({ perNetwork: 1 })
    const host = (n: number): string => `${1 + (n >> 16)}.${(n >> 8) & 0xff}.${n & 0xff}.1`
    assert.equal(control.arrived(host(0), 0), 'accept')
    control.opened(host(0))
    for (let n = 1; n < 3 * MAX_NETWORKS; n++) assert.equal(control.arrived(host(n), 0), 'accept')
    assert.equal(control.networks, MAX_NETWORKS)
    assert.equal(code(control.arrived(host(0), 0)), 'busy', 'it was forgotten')
  })

  it('never counts more connections than are open, in any order of events', () => {
    const event = fc.record({ kind: fc.constantFrom('open', 'close'), host: fc.integer({ min: 1, max: 3 }) })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const control = new AdmissionControl({ perNetwork: 3, connectsPerS: 1000 })
        const open = [0, 0, 0, 0]
        for (const { kind, host } of events) {
          const name = `192.0.${host}.9`
          const count = open[host] as number
          if (kind === 'close' && count > 0) {
            control.closed(name)
            open[host] = count - 1
          } else if (kind === 'open') {
            const answer = control.arrived(name, 0)
            assert.equal(answer === 'accept', count < 3)
            if (answer !== 'accept') continue
            control.opened(name)
            open[host] = count + 1
          }
        }
      }),
    )
  })
})
