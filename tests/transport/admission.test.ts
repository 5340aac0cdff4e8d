import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Address } from '../../src/identity/address.ts'
import { Identity } from '../../src/identity/identity.ts'
import { seededRandom } from '../../src/runtime/random.ts'
import {
  type Admission,
  AdmissionControl,
  type Candidate,
  MAX_NETWORKS,
} from '../../src/transport/admission.ts'

const [bob, carol] = ['bob', 'carol'].map((name) => Identity.generate(seededRandom(name))) as [
  Identity,
  Identity,
]

function asking(neighbour: Address): Candidate {
  return { neighbour, remote: '/ip4/192.0.2.1/tcp/4001', transport: 'tcp', direction: 'inbound' }
}

function code(answer: Admission): string {
  return answer === 'accept' ? answer : answer.code
}

describe('admission by who asks', () => {
  it('lets everybody in unless told otherwise', () => {
    assert.equal(new AdmissionControl().judge(asking(bob.address)), 'accept')
  })

  it('goes by address or public key, and denial wins', () => {
    const allowing = new AdmissionControl({ allow: [bob.publicKey] })
    assert.equal(code(allowing.judge(asking(bob.address))), 'accept')
    assert.equal(code(allowing.judge(asking(carol.address))), 'denied')
    const both = new AdmissionControl({ allow: [bob.address, carol.address], deny: [carol.publicKey] })
    assert.equal(code(both.judge(asking(bob.address))), 'accept')
    assert.equal(code(both.judge(asking(carol.address))), 'denied')
    assert.equal(code(new AdmissionControl({ allow: [] }).judge(asking(bob.address))), 'denied')
  })

  it('asks the hook last, and takes a hook that fails for a refusal', () => {
    const seen: string[] = []
    const hooked = new AdmissionControl({
      deny: [carol.address],
      admit: ({ neighbour, remote, transport, direction }) => {
        seen.push([neighbour, remote, transport, direction].join(' '))
        return { code: 'busy', reason: 'not today' }
      },
    })
    assert.deepEqual(hooked.judge(asking(bob.address)), { code: 'busy', reason: 'not today' })
    assert.equal(code(hooked.judge(asking(carol.address))), 'denied')
    assert.deepEqual(seen, [`${bob.address} /ip4/192.0.2.1/tcp/4001 tcp inbound`])
    const broken = new AdmissionControl({
      admit: () => {
        throw new Error('a defect')
      },
    })
    assert.equal(code(broken.judge(asking(bob.address))), 'busy')
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
        assert.equal(control.arrived(host, 0), undefined)
        control.opened(host)
      }
      assert.equal(control.arrived(hosts[2], 0), 'network_full')
      assert.equal(control.arrived(hosts[3], 0), undefined, 'another network')
      control.closed(hosts[0])
      assert.equal(control.arrived(hosts[2], 0), undefined)
    }
  })

  it('limits how fast a network may connect, and no other for it', () => {
    const control = new AdmissionControl({ connectsPerS: 5 })
    const admitted = (host: string, now: number): number => {
      let count = 0
      for (let n = 0; n < 1000; n++) if (control.arrived(host, now) === undefined) count += 1
      return count
    }
    assert.equal(admitted('192.0.2.1', 0), 20)
    assert.equal(admitted('192.0.2.2', 0), 0)
    assert.equal(admitted('198.51.100.1', 0), 20)
    assert.equal(admitted('192.0.2.1', 1000), 5)
  })

  it('lets a network have a quarter of the handshakes, until they are over or too old', () => {
    const control = new AdmissionControl({ handshakes: 8, connectsPerS: 1000 })
    for (let n = 0; n < 2; n++) assert.equal(control.arrived('192.0.2.1', n * 100), undefined)
    assert.equal(control.arrived('192.0.2.2', 200), 'network_full')
    assert.equal(control.arrived('198.51.100.1', 200), undefined, 'another network')
    control.opened('192.0.2.1')
    assert.equal(control.arrived('192.0.2.2', 300), undefined)
    assert.equal(control.arrived('192.0.2.2', 10_099), 'network_full')
    assert.equal(control.arrived('192.0.2.2', 10_100), undefined, 'the one of 100 ms is over')
  })

  it('takes other rules while connections are open', () => {
    const control = new AdmissionControl({ deny: [bob.address], perNetwork: 1, connectsPerS: 1 })
    assert.equal(control.arrived('192.0.2.1', 0), undefined)
    control.opened('192.0.2.1')
    control.replace({ allow: [bob.address], perNetwork: 2, connectsPerS: 5 }, 1000)
    assert.ok(control.permits(bob.address))
    assert.equal(control.permits(carol.address), false)
    assert.equal(control.arrived('192.0.2.1', 1000), undefined)
    control.opened('192.0.2.1')
    assert.equal(control.arrived('192.0.2.1', 1000), 'network_full', 'the first is still counted')
  })

  it('does not limit this machine unless told to', () => {
    for (const host of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      const control = new AdmissionControl()
      for (let n = 0; n < 2000; n++) {
        assert.equal(control.arrived(host, 0), undefined)
        control.opened(host)
      }
      assert.equal(new AdmissionControl({ perNetwork: 0 }).arrived(host, 0), 'network_full')
    }
  })

  it('remembers no more than so many networks, and forgets none that is connected', () => {
    const control = new AdmissionControl({ perNetwork: 1 })
    const host = (n: number): string => `${1 + (n >> 16)}.${(n >> 8) & 0xff}.${n & 0xff}.1`
    assert.equal(control.arrived(host(0), 0), undefined)
    control.opened(host(0))
    for (let n = 1; n < 3 * MAX_NETWORKS; n++) assert.equal(control.arrived(host(n), 0), undefined)
    assert.equal(control.networks, MAX_NETWORKS)
    assert.equal(control.arrived(host(0), 0), 'network_full', 'it was forgotten')
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
            assert.equal(answer, count < 3 ? undefined : 'network_full')
            if (answer !== undefined) continue
            control.opened(name)
            open[host] = count + 1
          }
        }
      }),
    )
  })
})
