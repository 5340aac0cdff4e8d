/** Which CryptoProvider runs: libsodium where its native build loads, @noble elsewhere. */
import { MeshError } from '../../runtime/errors.ts'
import { nobleProvider } from './noble.ts'
import type { CryptoProvider } from './provider.ts'
import { sodiumProvider } from './sodium.ts'

const CRYPTO_PROVIDERS = ['auto', 'sodium', 'noble'] as const
export type CryptoProviderChoice = (typeof CRYPTO_PROVIDERS)[number]

let cached: CryptoProvider | undefined

/** libsodium, or @noble where that does not load. Chosen at the first call, then always the same. */
export function defaultProvider(): CryptoProvider {
  cached ??= sodiumProvider() ?? nobleProvider()
  return cached
}

/** @throws MeshError ERR_CONFIG when `sodium` is asked for and its native build does not load. */
export function selectProvider(choice: CryptoProviderChoice): CryptoProvider {
  if (choice === 'auto') return defaultProvider()
  if (choice === 'noble') return nobleProvider()
  const provider = sodiumProvider()
  if (provider !== undefined) return provider
  throw new MeshError(
    'ERR_CONFIG',
    `crypto provider 'sodium': the native build of sodium-native does not load on ${process.platform}-${process.arch}; ` +
      "reinstall it, or choose 'auto' or 'noble'",
  )
}
