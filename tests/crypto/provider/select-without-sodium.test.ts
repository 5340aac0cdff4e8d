import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { defaultProvider, selectProvider } from '../../../src/crypto/provider/select.ts'

// The addon fails as it does on a machine for which it has no build.
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'sodium-native') throw new Error('no native build')
    return next(specifier, context)
  },
})

test('without the addon the default is @noble', () => {
  assert.equal(defaultProvider().name, 'noble')
  assert.equal(selectProvider('auto').name, 'noble')
})

test('without the addon, asking for libsodium is an error that names the fix', () => {
  assert.throws(() => selectProvider('sodium'), {
    name: 'MeshError',
    code: 'ERR_CONFIG',
    message:
      /^crypto provider 'sodium': the native build of sodium-native does not load .* choose 'auto' or 'noble'$/,
  })
})
