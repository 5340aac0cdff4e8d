import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeText, html } from '../../src/observability/html.ts'

test('strings are escaped; markup and lists of markup are not', () => {
  const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`)
  assert.equal(
    html`<ul title="${'"&\''}">${items}</ul>${7}`.markup,
    '<ul title="&quot;&amp;&#39;"><li>a</li><li>&lt;b&gt;</li></ul>7',
  )
})

test('no text can leave its place, in content or in a quoted attribute', () => {
  const nasty = fc.string({
    unit: fc.constantFrom(...'<>&"\'a/= \0\n\x1b\x7f\x9b\u061c\u200e\u2028\u202e\u2066\ud800'),
  })
  fc.assert(
    fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), (text) => {
      const escaped = escapeText(text)
      assert.doesNotMatch(escaped.replace(/&(?:amp|lt|gt|quot|#39);/g, ''), /[<>&"']/)
      assert.doesNotMatch(escaped, /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u)
      assert.ok(escaped.isWellFormed())
    }),
  )
})

test('long text is cut', () => {
  assert.equal(escapeText('x'.repeat(200)), 'x'.repeat(200))
  assert.equal(escapeText('x'.repeat(100_000)), `${'x'.repeat(200)}…`)
})
