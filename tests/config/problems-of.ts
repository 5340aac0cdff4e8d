import assert from 'node:assert/strict'
import { MeshError } from '../../src/runtime/errors.ts'

/** The lines of the ERR_CONFIG that `work` throws. */
export function problemsOf(work: () => unknown): string[] {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof MeshError, `not a MeshError: ${String(error)}`)
    assert.equal(error.code, 'ERR_CONFIG')
    return error.message.split('\n')
  }
  return assert.fail('nothing was refused')
}
