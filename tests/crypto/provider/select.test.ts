import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'

const loaded: string[] = []
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@noble/') || specifier === 'sodium-native') loaded.push(specifier)
    return next(specifier, context)
  },
})
const { defaultProvider, selectProvider } = await import('../../../src/crypto/provider/select.ts')

test('the default is libsodium, and @noble is then not loaded at all', () => {
  assert.deepEqual(loaded, [], 'nothing is loaded before it is needed')
  const provider = defaultProvider()
  assert.equal(provider.name, 'sodium')
  assert.equal(defaultProvider(), provider, 'one provider for all')
  assert.equal(selectProvider('auto'), provider)
  assert.deepEqual(loaded, ['sodium-native'])
})

test('either provider can be asked for', () => {
  assert.equal(selectProvider('sodium').name, 'sodium')
  assert.equal(selectProvider('noble').name, 'noble')
})
