import { Child } from './child.ts'
import type { StoreCommands } from './fixtures/store.ts'
import { type Bench, row } from './report.ts'
import { alternate, ratios } from './stats.ts'

export const store: Bench = {
  name: 'store',
  title: 'Durable puts into the message store',
  async run({ quick, profile }) {
    const rounds = quick ? 2 : 7
    const many = quick ? 500 : 10_000
    const few = quick ? 50 : 1000
    await using child = new Child<StoreCommands>('store', { name: 'store', profile })
    await child.call('grouped', few)
    const rates = await alternate(rounds, {
      grouped: () => child.call('grouped', many),
      single: () => child.call('plain', { count: few, perCommit: 1 }),
      hundred: () => child.call('plain', { count: many, perCommit: 100 }),
    })
    return {
      workload:
        'Envelopes with 200-byte bodies put into the sqlite store, each put resolved after its durable commit.',
      against:
        'bare node:sqlite (WAL, synchronous=FULL) into a table of one column without indexes, with one row or 100 ' +
        'rows for each commit.',
      rows: [
        row('put, grouped by the store', 'messages/s', rates.grouped),
        row('against one commit for each', 'ratio', ratios(rates.grouped, rates.single)),
        row('against 100 rows for each commit', 'ratio', ratios(rates.grouped, rates.hundred)),
        row('bare, one commit for each', 'rows/s', rates.single),
        row('bare, 100 rows for each commit', 'rows/s', rates.hundred),
      ],
      notes: [
        "The files lie in the system's folder for temporary files; a RAM disk there would flatter everything.",
      ],
    }
  },
}
