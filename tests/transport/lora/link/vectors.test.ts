/** The vectors of docs/specs/vectors/lora-link.json, both ways. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { defaultProvider } from '../../../../src/crypto/provider/select.ts'
import { Address } from '../../../../src/identity/address.ts'
import { VirtualClock } from '../../../../src/sim/clock.ts'
import { HeaderCompressor, HeaderExpander } from '../../../../src/transport/lora/link/contexts.ts'
import { OutgoingDatagram, Reassembly } from '../../../../src/transport/lora/link/fragments.ts'
import {
  BlockType,
  decodeBlocks,
  decodeHead,
  encodePacket,
  type Fragment,
} from '../../../../src/transport/lora/link/packet.ts'
import { Receiver, type ReceiverHost } from '../../../../src/transport/lora/link/receiver.ts'
import { Roster, shortId } from '../../../../src/transport/lora/link/roster.ts'
import { checksum, crc16, keyedTag, type Tagger } from '../../../../src/transport/lora/link/tag.ts'
import { fromHex, toHex } from '../../../wire/vectors.ts'

interface Vectors {
  readonly networkKey: string
  readonly ids: readonly {
    readonly name: string
    readonly address: string
    readonly ids: readonly string[]
  }[]
  readonly packets: readonly {
    readonly name: string
    readonly keyed: boolean
    readonly more: boolean
    readonly urgent: boolean
    readonly sender: string
    readonly long: boolean
    readonly counter: number
    readonly blocks: readonly { readonly type: BlockName; readonly flags: number; readonly content: string }[]
    readonly packet: string
  }[]
  readonly items: readonly ItemVector[]
  readonly repeated: ItemVector
  readonly checked: { readonly frame: string; readonly item: string; readonly datagram: string }
  readonly fragments: Omit<Fragment, 'to' | 'index' | 'payload'> & {
    readonly to: string
    readonly fragmentBytes: number
    readonly length: number
    readonly fragments: readonly { readonly index: number; readonly payload: string }[]
  }
  readonly refused: readonly {
    readonly name: string
    readonly keyed: boolean
    readonly known?: boolean
    readonly packet: string
    readonly refusal: string
  }[]
}

type BlockName = keyof typeof BlockType

interface ItemVector {
  readonly frame: string
  readonly item: string
}

const file = new URL('../../../../docs/specs/vectors/lora-link.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
const crypto = defaultProvider()
const taggerOf = (keyed: boolean): Tagger => (keyed ? keyedTag(fromHex(vectors.networkKey)) : checksum)

describe('the vectors of the LoRa link', () => {
  for (const { name, address, ids } of vectors.ids) {
    it(`has the ids of ${name}`, () => {
      const own = Address.at(fromHex(address))
      assert.deepEqual(
        [0, 1, 2, 3].map((alias) => shortId(own, alias, crypto)),
        ids.map((id) => Number.parseInt(id, 16)),
      )
    })
  }

  for (const { name, keyed, more, urgent, sender, long, counter, blocks, packet } of vectors.packets) {
    it(`packs and unpacks: ${name}`, () => {
      const tagger = taggerOf(keyed)
      const head = { keyed, more, urgent, sender: Number.parseInt(sender, 16), isLong: long, counter }
      const parts = blocks.map(({ type, flags, content }) => ({
        type: BlockType[type],
        flags,
        content: fromHex(content),
      }))
      const written = encodePacket(head, parts, tagger.bytes)
      tagger.seal(written, counter)
      assert.equal(toHex(written), packet)
      const bytes = fromHex(packet)
      assert.deepEqual(decodeHead(bytes), { ...head, counter: long ? counter : counter & 0xffff })
      const read = decodeBlocks(bytes, head, bytes.length - tagger.bytes)
      assert.deepEqual(
        read?.map(({ type, flags, content }) => [type, flags, toHex(content)]),
        blocks.map(({ type, flags, content }) => [BlockType[type], flags, content]),
      )
      assert.ok(tagger.check(bytes, counter))
    })
  }

  it('shortens headers and gives them back', () => {
    const [sender, receiver] = [new HeaderCompressor(), new HeaderExpander()]
    for (const { frame, item } of vectors.items) {
      const { bytes, received } = sender.compress(fromHex(frame), true)
      assert.equal(toHex(bytes), item)
      assert.equal(toHex(receiver.expand(fromHex(item)) ?? new Uint8Array(0)), frame)
      received?.()
    }
    const { frame, item } = vectors.repeated
    assert.equal(toHex(sender.compress(fromHex(frame), false).bytes), item)
    assert.equal(toHex(receiver.expand(fromHex(item)) ?? new Uint8Array(0)), frame)
  })

  it('cuts a datagram, and any four of its fragments give it back', () => {
    const { to, id, fragmentBytes, length, count, pad, fragments } = vectors.fragments
    const bytes = Uint8Array.from({ length }, (_, i) => i)
    const out = new OutgoingDatagram({ to: Number.parseInt(to, 16), id }, bytes, bytes, fragmentBytes)
    const all = fragments.map(({ index, payload }) => ({ ...out.fragment(index), payload: fromHex(payload) }))
    for (const fragment of all) assert.deepEqual(out.fragment(fragment.index), fragment)
    assert.deepEqual([out.count, all[0]?.pad], [count, pad])
    for (let skip = 0; skip < 1 << all.length; skip++) {
      const some = all.filter((_, n) => ((skip >> n) & 1) === 1)
      if (some.length !== count) continue
      const reassembly = new Reassembly()
      assert.deepEqual(some.map((fragment) => reassembly.add(fragment, 1)).at(-1), {
        item: bytes,
        check: crc16(bytes),
      })
    }
  })

  it('puts the checksum of the frame behind the item that stands for it', () => {
    const { frame, item, datagram } = vectors.checked
    const out = new OutgoingDatagram({ to: 1, id: 1 }, fromHex(frame), fromHex(item), 200)
    assert.equal(toHex(out.fragment(0).payload), datagram)
  })

  for (const { name, keyed, known, packet, refusal } of vectors.refused) {
    it(`refuses ${name} as ${refusal}`, () => {
      const refusals: string[] = []
      const bob = Address.at(fromHex(vectors.ids[1]?.address ?? ''))
      const roster = new Roster(bob, crypto)
      const receiver = new Receiver(roster, taggerOf(keyed), new VirtualClock(), hostOf(refusals))
      const announce = vectors.packets.find((one) => one.name === 'announce to everybody, keyed')
      if (known === true) receiver.receive(fromHex(announce?.packet ?? ''))
      receiver.receive(fromHex(packet))
      assert.deepEqual([roster.size, refusals], [known === true ? 1 : 0, [refusal]])
    })
  }
})

function hostOf(refusals: string[]): ReceiverHost {
  const ignore = (): void => undefined
  return {
    frame: () => true,
    met: ignore,
    acknowledged: ignore,
    polled: ignore,
    stranger: ignore,
    askedWho: ignore,
    clash: ignore,
    heard: ignore,
    refused: (reason) => refusals.push(reason),
  }
}
