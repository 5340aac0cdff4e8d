import assert from 'node:assert/strict'
import { nobleProvider } from '../../../src/crypto/provider/noble.ts'
import { sodiumProvider } from '../../../src/crypto/provider/sodium.ts'
import { cryptoProviderCompliance } from '../../../src/testing/crypto-compliance.ts'

const sodium = sodiumProvider()
assert.ok(sodium !== undefined, 'sodium-native must load on a machine that runs the tests')

cryptoProviderCompliance('sodium', sodium)
cryptoProviderCompliance('noble', nobleProvider())
