import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeFile, encodeFile } from '../../src/services/file-message.ts'
import { encodeCbor } from '../../src/wire/cbor.ts'

const content = Uint8Array.of(1, 2, 3)

describe('a file in a message', () => {
  test('comes out as it went in', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter(
        (text) =>
          !/[/\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]|^\.\.?$/u.test(text) &&
          Buffer.byteLength(text) <= 255,
      )
      .filter((text) => !text.startsWith('\ufeff'))
    fc.assert(
      fc.property(name, fc.uint8Array({ maxLength: 1000 }), (name, content) => {
        assert.deepEqual(decodeFile(encodeFile({ name, content })), { name, content })
      }),
    )
  })

  test('is CBOR: an array of the name and the content', () => {
    assert.deepEqual(
      Buffer.from(encodeFile({ name: 'a.txt', content })).toString('hex'),
      '8265612e74787443010203',
    )
  })

  test('fills a message to the byte', () => {
    for (const name of ['a', 'b'.repeat(23), 'c'.repeat(24), 'd'.repeat(255)]) {
      const most = 65_536 - 1 - (name.length < 24 ? 1 : 2) - name.length - 3
      assert.equal(encodeFile({ name, content: new Uint8Array(most) }).length, 65_536)
      assert.throws(() => encodeFile({ name, content: new Uint8Array(most + 1) }), {
        code: 'ERR_PAYLOAD_TOO_LARGE',
        message: `file "${name}" has ${most + 1} bytes: a message carries at most ${most} with this name`,
      })
    }
  })

  test('has a base name on both ends', () => {
    for (const path of ['/etc/x', '../../x', 'C:\\Users\\x', './x', '..\\..//x', 'x']) {
      assert.equal(decodeFile(encodeFile({ name: path, content }))?.name, 'x')
      assert.deepEqual(decodeFile(encodeCbor([path, content])), { name: 'x', content })
    }
  })

  const bad = {
    'an empty name': '',
    'no name behind the folders': 'folder/',
    'the folder itself': '.',
    'the folder above': '../..',
    'a control character': 'a\u001b[2J',
    'a line end': 'a\nb',
    'a C1 control character': 'a\u009bb',
    'a mark that turns the text round': 'a\u202egpj.exe',
    'a line separator': 'a\u2028b',
    'more than 255 bytes': 'é'.repeat(128),
  }
  for (const [what, name] of Object.entries(bad)) {
    test(`is none with ${what}`, () => {
      assert.throws(() => encodeFile({ name, content }), { code: 'ERR_USAGE' })
      assert.equal(decodeFile(encodeCbor([name, content])), undefined)
    })
  }

  test('is nothing else', () => {
    for (const value of [
      'x',
      ['x'],
      ['x', 'y'],
      [content, content],
      ['x', content, 1],
      ['x', [content]],
      { name: 'x', content },
      null,
    ]) {
      assert.equal(decodeFile(encodeCbor(value)), undefined)
    }
    assert.equal(decodeFile(new Uint8Array()), undefined)
    assert.equal(decodeFile(Buffer.from('8265612e747874430102', 'hex')), undefined, 'cut short')
    assert.equal(decodeFile(Buffer.from('8265612e7478744301020300', 'hex')), undefined, 'with more behind it')
  })

  test('is or is not one, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const file = decodeFile(body)
        assert.ok(file === undefined || (file.name !== '' && !file.name.includes('/')))
      }),
    )
  })
})
