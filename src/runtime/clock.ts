/**
 * Time, as everything above `runtime/` sees it. Half of the Clock + Random seam: production code runs on
 * {@link systemClock}, tests and the simulator on a virtual one, and nothing else may ask the operating
 * system what time it is.
 */

/** A timer that has been set. Cancelling one that has fired, or cancelling twice, does nothing. */
export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Wall clock: whole milliseconds since the Unix epoch, UTC. It may jump either way. */
  now(): number
  /** Milliseconds from an arbitrary start, with fractions. It never goes back. For durations and deadlines. */
  monotonic(): number
  /**
   * Calls `task` once, `delayMs` from now. A negative or fractional delay is allowed. A delay beyond the
   * 24.8 days that Node can hold is cut to that. A pending timer does not keep the process alive.
   */
  setTimer(delayMs: number, task: () => void): Timer
  /** Calls `task` after the input that is already waiting has been handled: the end of this tick. */
  defer(task: () => void): void
}

/** The longest delay of a timer, ms: 24.8 days. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, task) {
    const handle = setTimeout(task, Math.min(Math.max(0, delayMs), LONGEST_TIMER_MS))
    handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  defer(task) {
    setImmediate(task)
  },
}

/** Resolves after `delayMs`, or rejects with the signal's reason when that comes first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Waits for `work`, but no longer than `deadlineMs`. The work is not stopped by the deadline: whoever owns
 * it decides what becomes of it.
 *
 * @returns whether the work finished in time. A rejection of `work` within the deadline is passed on.
 */
export async function withinDeadline(
  clock: Clock,
  deadlineMs: number,
  work: Promise<unknown>,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>()
  const timer = clock.setTimer(deadlineMs, () => resolve(false))
  try {
    return await Promise.race([work.then(() => true), promise])
  } finally {
    timer.cancel()
  }
}
