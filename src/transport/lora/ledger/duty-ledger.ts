/**
 * The account of one transmitter in one band, kept so that neither a restart nor a clock that somebody sets can
 * break the law: what is to be sent is on the disk before the radio gets it (docs/specs/duty-cycle.md).
 */
import { MeshError, messageOf } from '../../../runtime/errors.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { Uptime } from '../../../runtime/uptime.ts'
import { AirWindow, HOUR_US, MAX_LEAD_US, type Transmission } from './air-window.ts'
import { decodeLedger, encodeLedger, encodeRecord, type SavedLedger } from './ledger-file.ts'
import type { LedgerMedium } from './ledger-medium.ts'

export interface DutyLedgerOptions {
  readonly medium: LedgerMedium
  readonly uptime: Uptime
  /** Share of any hour, 0.01 for 1 %; 1 for no limit. */
  readonly dutyShare: number
  /** Takes the limit away, for radio amateurs and laboratories. What is sent is written down all the same. */
  readonly lifted?: boolean
  /** How much later than its charge a transmission may begin; after that the modem must have dropped it. */
  readonly slackUs?: number
  /** Names port and band. */
  readonly logger: Logger
}

export type Charge =
  /** Hand it over now. It counts as if it ended at `endsBy`, by when it must have left. */
  | { readonly granted: true; readonly endsBy: number }
  /** The time is used up: ask again then. Infinity: it is longer than all the time there is. */
  | { readonly granted: false; readonly reason: 'full'; readonly earliest: number }
  /** The disk does not take the record. It is tried again from `earliest` on. */
  | { readonly granted: false; readonly reason: 'unwritable'; readonly earliest: number }

const DEFAULT_SLACK_US = 30_000_000
/** From a write that failed to the next attempt. */
const RETRY_US = 1_000_000
/** Records in the file before those that no longer count are left out; at least twice as many as still do. */
const MIN_RECORDS = 4096

export class DutyLedger {
  readonly #medium: LedgerMedium
  readonly #uptime: Uptime
  readonly #logger: Logger
  /** Whether there is no limit because somebody has said so. */
  readonly isLifted: boolean
  readonly #window: AirWindow
  /** In the file; undefined while what is in it is not known, so that it has to be written anew. */
  #records: number | undefined
  #problem: string | undefined
  #retryAt = Number.NEGATIVE_INFINITY

  /**
   * Takes up the account of the last run. It does not fail for what is on the disk: what cannot be read counts as
   * an hour that was used to its limit.
   *
   * @throws MeshError ERR_USAGE for a share that is none.
   */
  static open(options: DutyLedgerOptions): DutyLedger {
    const { medium, uptime, dutyShare, lifted = false, slackUs = DEFAULT_SLACK_US, logger } = options
    if (!(dutyShare > 0 && dutyShare <= 1)) {
      throw new MeshError('ERR_USAGE', `no share of an hour: ${dutyShare}`)
    }
    // In millionths first: 0.001 of an hour are 3.6 s to the microsecond.
    const budgetUs = lifted ? HOUR_US : Math.round(dutyShare * 1e6) * (HOUR_US / 1e6)
    const now = uptime()
    const saved = readBack(medium, logger)
    const before =
      saved === undefined
        ? // The most that the law allowed to be in the file, as late as it can have been.
          { slackUs: 0, transmissions: [{ at: now + MAX_LEAD_US - budgetUs, us: budgetUs }] }
        : { ...saved, transmissions: inThisTime(saved.transmissions, now) }
    const window = new AirWindow({ budgetUs, slackUs: Math.max(slackUs, before.slackUs) })
    for (const { at, us } of before.transmissions) window.add(at, us)
    const ledger = new DutyLedger(options, window)
    ledger.#rewrite(now)
    if (lifted) logger.warn({}, 'the limit of airtime is lifted: see to it that you may')
    return ledger
  }

  private constructor({ medium, uptime, lifted, logger }: DutyLedgerOptions, window: AirWindow) {
    this.#medium = medium
    this.#uptime = uptime
    this.#logger = logger
    this.isLifted = lifted ?? false
    this.#window = window
  }

  /** All that may be on the air in an hour, microseconds. */
  get budgetUs(): number {
    return this.#window.budgetUs
  }

  /** Why nothing can be sent, in one line; undefined while all is well. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Time on air within the last hour, microseconds. */
  used(): number {
    return this.#window.used(this.#uptime())
  }

  left(): number {
    return this.#window.left(this.#uptime())
  }

  /** How long from now until `us` may be charged, microseconds; infinity for never. */
  waitUs(us: number): number {
    const now = this.#uptime()
    return this.#window.earliest(now, us) - now
  }

  /**
   * Asks to send for `us` microseconds, now or behind what the radio has already, and writes it down. It waits for
   * the disk: milliseconds, on a card of a small board some tens.
   *
   * @throws MeshError ERR_USAGE for what is no time.
   */
  charge(us: number): Charge {
    if (!Number.isInteger(us) || us < 1 || us > HOUR_US) {
      throw new MeshError('ERR_USAGE', `no time on air: ${us} microseconds`)
    }
    const now = this.#uptime()
    const earliest = this.#window.earliest(now, us)
    if (earliest > now) return { granted: false, reason: 'full', earliest }
    const transmission = { at: this.#window.start(now), us }
    const isWritten = this.#write(transmission, now)
    if (!isWritten && this.#isBound) return this.#unwritable()
    this.#window.add(transmission.at, us)
    const endsBy = transmission.at + us + this.#window.slackUs
    const late = this.#uptime() - now - this.#window.slackUs
    if (late <= 0 || !this.#isBound) return { granted: true, endsBy }
    // It counts, but can no longer be sent by when it was said to.
    this.#fails(`the disk took ${Math.ceil((this.#uptime() - now) / 1e6)} s`)
    return this.#unwritable()
  }

  close(): void {
    this.#medium.close()
  }

  /** Whether there is a limit, so that nothing may be sent that is not written down. */
  get #isBound(): boolean {
    return this.budgetUs < HOUR_US
  }

  #unwritable(): Charge {
    return { granted: false, reason: 'unwritable', earliest: this.#retryAt }
  }

  /** @returns whether the transmission is on the disk. */
  #write(transmission: Transmission, now: number): boolean {
    if (now < this.#retryAt) return false
    try {
      const live = this.#window.size
      if (this.#records === undefined || this.#records >= Math.max(MIN_RECORDS, 2 * live)) {
        this.#replace([...this.#window.transmissions(now), transmission])
      } else {
        this.#medium.append(encodeRecord(this.#records, transmission))
        this.#records += 1
      }
    } catch (error) {
      this.#fails(messageOf(error))
      return false
    }
    this.#recovers()
    return true
  }

  #replace(transmissions: readonly Transmission[]): void {
    this.#medium.replace(encodeLedger({ slackUs: this.#window.slackUs, transmissions }))
    this.#records = transmissions.length
  }

  /** In this machine's time, and without a record that was cut. */
  #rewrite(now: number): void {
    try {
      this.#replace(this.#window.transmissions(now))
    } catch (error) {
      this.#fails(messageOf(error))
    }
  }

  #fails(why: string): void {
    this.#records = undefined
    this.#retryAt = this.#uptime() + RETRY_US
    const consequence = this.#isBound ? 'no air: ' : ''
    const problem = `${consequence}the ledger ${this.#medium.name} cannot be written: ${why}`
    if (this.#problem === undefined) this.#logger.error({ file: this.#medium.name, error: why }, problem)
    this.#problem = problem
  }

  #recovers(): void {
    if (this.#problem !== undefined) this.#logger.info({}, 'the ledger can be written again')
    this.#problem = undefined
  }
}

/** What the last run has left; undefined where that cannot be known. */
function readBack(medium: LedgerMedium, logger: Logger): SavedLedger | undefined {
  try {
    const bytes = medium.read()
    return bytes === undefined ? { slackUs: 0, transmissions: [] } : decodeLedger(bytes)
  } catch (error) {
    const fields = { file: medium.name, error: messageOf(error), aside: setAside(medium) }
    logger.error(fields, 'the ledger cannot be read: the last hour counts as used to its limit')
    return undefined
  }
}

function setAside(medium: LedgerMedium): string {
  try {
    return medium.setAside()
  } catch (error) {
    return `not set aside: ${messageOf(error)}`
  }
}

/**
 * Transmissions as the present run has to see them. The machine may have been started since, and its clock with
 * it. An instant that its clock has reached, or nearly, stays as it is: in this time that is right, and one of an
 * earlier time was longer ago than it looks. If the last lies beyond that, all are of an earlier time, and the last
 * was charged before this one began.
 */
function inThisTime(transmissions: readonly Transmission[], now: number): readonly Transmission[] {
  const last = transmissions.at(-1)
  if (last === undefined || last.at <= now + MAX_LEAD_US) return transmissions
  return transmissions.map(({ at, us }) => ({ at: at - last.at + MAX_LEAD_US, us }))
}
