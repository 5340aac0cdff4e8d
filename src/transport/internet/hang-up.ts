/** The two ways to end a connection. */
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../../runtime/clock.ts'
import { HANG_UP_MS } from './limits.ts'

/**
 * Ends it when both ends have sent what they had to say, or after {@link HANG_UP_MS}. Never rejects.
 *
 * A socket that is closed while the other end still writes breaks under that end's hands, along with what it
 * has not read yet. So we end our half, wait for the other end to do the same, and only then close.
 *
 * @param stream the link's, where there is one
 */
export async function hangUp(
  connection: Connection,
  stream: Stream | undefined,
  clock: Clock,
): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  const timer = clock.setTimer(HANG_UP_MS, end)
  // libp2p waits for a socket to drain even when that has broken meanwhile.
  connection.addEventListener('close', end)
  try {
    const { signal } = over
    await stream?.close({ signal })
    if (stream !== undefined) await otherHalfClosed(stream, signal)
    await connection.close({ signal })
  } catch (error) {
    cutOff(connection, error)
  } finally {
    timer.cancel()
    connection.removeEventListener('close', end)
  }
}

/** Ends it at once: what is under way is lost, as it should be when the other end talks nonsense. */
export function cutOff(connection: Connection, cause: unknown): void {
  connection.abort(cause instanceof Error ? cause : new Error(String(cause)))
}

async function otherHalfClosed(stream: Stream, signal: AbortSignal): Promise<void> {
  if (stream.remoteWriteStatus === 'closed' || signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => resolve()
  stream.addEventListener('remoteCloseWrite', done)
  stream.addEventListener('close', done)
  signal.addEventListener('abort', done)
  await promise
  stream.removeEventListener('remoteCloseWrite', done)
  stream.removeEventListener('close', done)
}
