import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MeshError } from '../../src/runtime/errors.ts'
import { parseTopology, readTopology } from '../../src/sim/topology-file.ts'

const REAL = process.env['HOPWIRE_TOPOLOGIES']

function complaint(text: string): string {
  try {
    parseTopology(text, 'net.json')
  } catch (error) {
    assert.ok(error instanceof MeshError && error.code === 'ERR_CONFIG', String(error))
    return error.message
  }
  return assert.fail(`accepted ${text}`)
}

describe('a topology file', () => {
  it('gives nodes, links and how good they are each way', () => {
    assert.deepEqual(parseTopology('{"nodes":3,"links":[[0,1,0.5,1],[1,2]]}', 'net.json'), {
      nodes: 3,
      parts: [3],
      links: [
        { a: 0, b: 1, qualityAB: 0.5, qualityBA: 1 },
        { a: 1, b: 2, qualityAB: 1, qualityBA: 1 },
      ],
    })
  })

  for (const [text, what] of [
    ['', 'not valid JSON'],
    ['[1]', 'expected {"nodes": N, "links": [...]}, got a list'],
    ['{"nodes":2}', 'links is missing'],
    ['{"links":[]}', 'nodes is missing'],
    ['{"nodes":2,"links":{}}', 'links: expected a list, got a table'],
    ['{"nodes":2,"links":[],"name":1}', 'unknown key "name"'],
    ['{"nodes":2.5,"links":[]}', 'nodes: expected a whole number, 1 to 100000, got 2.5'],
    ['{"nodes":1e9,"links":[]}', 'nodes: expected a whole number, 1 to 100000, got 1000000000'],
    [
      '{"nodes":2,"links":[[0]]}',
      'links[0]: expected [a, b] or [a, b, qualityAB, qualityBA], got a list of 1',
    ],
    ['{"nodes":2,"links":[7]}', 'links[0]: expected [a, b] or [a, b, qualityAB, qualityBA], got 7'],
    ['{"nodes":2,"links":[[0,2]]}', 'links[0]: expected a node, 0 to 1, got 2'],
    ['{"nodes":2,"links":[["0",1]]}', 'links[0]: expected a node, 0 to 1, got text'],
    ['{"nodes":2,"links":[[1,1]]}', 'links[0]: joins node 1 to itself'],
    ['{"nodes":2,"links":[[0,1],[1,0]]}', 'links[1]: joins nodes 1 and 0 a second time'],
    ['{"nodes":2,"links":[[0,1,1.5,1]]}', 'links[0]: expected a quality, 0 to 1, got 1.5'],
    ['{"nodes":2,"links":[[0,1,1,null]]}', 'links[0]: expected a quality, 0 to 1, got null'],
  ] as const) {
    it(`is refused in one line: ${text}`, () => {
      assert.equal(complaint(text), `net.json: ${what}`)
    })
  }

  it('is either a graph or one clear error, whatever it holds', () => {
    const json = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({
          nodes: fc.integer({ min: -2, max: 9 }),
          links: fc.array(fc.array(fc.integer({ min: -1, max: 9 }))),
        })
        .map((value) => JSON.stringify(value)),
    )
    fc.assert(
      fc.property(json, (text) => {
        try {
          const { nodes, links } = parseTopology(text, 'net.json')
          for (const { a, b } of links) assert.ok(a !== b && a < nodes && b < nodes)
        } catch (error) {
          assert.ok(error instanceof MeshError && /^net\.json: [^\n]+$/.test(error.message), String(error))
        }
      }),
    )
  })

  it('that is missing or a folder is named', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-topology-'))
    try {
      const missing = join(folder, 'no.json')
      await assert.rejects(readTopology(missing), {
        code: 'ERR_CONFIG',
        message: `${missing}: does not exist`,
      })
      await assert.rejects(readTopology(folder), { message: `${folder}: is a folder, not a file` })
      const binary = join(folder, 'binary.json')
      await writeFile(binary, Uint8Array.of(0xff, 0xfe, 0xfd))
      await assert.rejects(readTopology(binary), { message: `${binary}: is not UTF-8 text` })
      await assert.rejects(readTopology('/dev/zero'), { message: '/dev/zero: is larger than 67108864 bytes' })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('of a real network reads', {
    skip: REAL === undefined && 'HOPWIRE_TOPOLOGIES names no folder',
  }, async () => {
    const folder = REAL ?? ''
    const files = (await readdir(folder)).filter((file) => file.endsWith('.json'))
    assert.ok(files.length > 0)
    for (const file of files) assert.ok((await readTopology(join(folder, file))).links.length > 0)
  })
})
