import type { AirtimeAccount } from '../link/account.ts'
import type { DutyLedger } from './duty-ledger.ts'

/** A ledger as the link asks it, in milliseconds of its own clock. */
export function linkAccount(ledger: DutyLedger): AirtimeAccount {
  return {
    budgetUs: ledger.budgetUs,
    earliest: (now, airtimeUs) => now + ledger.waitUs(airtimeUs) / 1000,
    charge: (_now, airtimeUs) => ledger.charge(airtimeUs).granted,
  }
}
