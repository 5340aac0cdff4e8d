/** What the law leaves: every packet is charged before it is sent. Times are monotonic ms, airtime whole µs. */
export interface AirtimeAccount {
  /** All there is in an hour. Absent: no limit. */
  readonly budgetUs?: number
  /** From when on a transmission this long may begin: at most `now` where it may at once, infinite where never. */
  earliest(now: number, airtimeUs: number): number
  /** Charges it, durably. @returns false where that cannot be recorded: it must not be sent. */
  charge(now: number, airtimeUs: number): boolean
}
