/**
 * Loaded before every test file (`--import` in package.json): property tests run the same cases each time.
 * HOPWIRE_SEED=<integer> looks at others; a failure prints the seed that it ran with.
 */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env['HOPWIRE_SEED'] ?? 20261121) })
