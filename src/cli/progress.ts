import { systemClock } from '../runtime/clock.ts'

/** Says on stderr what is being waited for, once that has taken a second. @returns what `work` gives. */
export async function tellAfterASecond<T>(what: string, work: Promise<T>): Promise<T> {
  const timer = systemClock.setTimer(1000, () => process.stderr.write(`${what} …\n`))
  try {
    return await work
  } finally {
    timer.cancel()
  }
}
