import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ERROR_CODES, MeshError, messageOf, systemCodeOf } from '../../src/runtime/errors.ts'

test('carries code, message, cause and context', () => {
  const cause = new Error('ECONNRESET')
  const error = new MeshError('ERR_TRANSPORT', 'link lost', { cause, context: { peer: 'ab', port: 1 } })
  assert.ok(error instanceof MeshError && error instanceof Error)
  assert.equal(error.name, 'MeshError')
  assert.equal(error.code, 'ERR_TRANSPORT')
  assert.equal(error.message, 'link lost')
  assert.equal(error.cause, cause)
  assert.deepEqual(error.context, { peer: 'ab', port: 1 })
  assert.equal(String(error), 'MeshError: link lost')
  assert.match(error.stack ?? '', /^MeshError: link lost\n.*errors\.test\.ts/s)
})

test('has an empty context, and no cause, unless they are given', () => {
  const error = new MeshError('ERR_INTERNAL', 'x')
  assert.deepEqual(error.context, {})
  assert.equal('cause' in error, false)
})

test('is recognised between two installed copies of the package, and nothing else is', async () => {
  const copy = (await import(
    `../../src/runtime/errors.ts?${'copy'}`
  )) as typeof import('../../src/runtime/errors.ts')
  assert.notEqual(copy.MeshError, MeshError)
  assert.ok(new copy.MeshError('ERR_STORE', 'theirs') instanceof MeshError)
  assert.ok(new MeshError('ERR_STORE', 'ours') instanceof copy.MeshError)
  const others = [new Error('x'), { code: 'ERR_STORE' }, null, undefined, 'ERR_STORE', 1, () => 1]
  for (const other of others) assert.equal((other as unknown) instanceof MeshError, false)
})

test('shows its code to people, but not the mark it is recognised by', () => {
  const shown = inspect(new MeshError('ERR_STORE', 'x'))
  assert.match(shown, /ERR_STORE/)
  assert.doesNotMatch(shown, /Symbol/)
  assert.deepEqual(JSON.parse(JSON.stringify(new MeshError('ERR_STORE', 'x'))), {
    code: 'ERR_STORE',
    context: {},
  })
})

test('every code is in the one form and says what it means', () => {
  for (const [code, meaning] of Object.entries(ERROR_CODES)) {
    assert.match(code, /^ERR_[A-Z]+(_[A-Z]+)*$/)
    assert.ok(meaning.length > 10)
  }
})

test('messageOf and systemCodeOf take whatever was thrown', () => {
  assert.equal(messageOf(new Error('m')), 'm')
  assert.equal(messageOf('text'), 'text')
  assert.equal(messageOf(undefined), 'undefined')
  assert.equal(systemCodeOf(Object.assign(new Error('m'), { code: 'ENOENT' })), 'ENOENT')
  for (const thrown of [new Error('m'), { code: 5 }, null, undefined, 'ENOENT']) {
    assert.equal(systemCodeOf(thrown), undefined)
  }
})
