import { Child } from './child.ts'
import type { PathsCommands } from './fixtures/paths.ts'
import { atLeast, atMost, type Bench, row } from './report.ts'
import { alternate, ratios } from './stats.ts'

const FULL = { destinations: 1_000_000, rounds: 5 }
const QUICK = { destinations: 100_000, rounds: 1 }

export const paths: Bench = {
  name: 'paths',
  title: 'The path table: memory of an entry, learning and look-ups',
  async run({ quick, profile }) {
    const { destinations, rounds } = quick ? QUICK : FULL
    const known = destinations.toLocaleString('en')
    await using table = new Child<PathsCommands>('paths', { name: 'paths', profile })
    await using plain = new Child<PathsCommands>('paths', { name: 'paths-map', profile })
    await table.call('prepare', destinations)
    await plain.call('prepare', destinations)
    const built = await table.call('build')
    const builtPlain = await plain.call('buildPlain')
    await table.call('lookup')
    await plain.call('lookupPlain')
    const rates = await alternate(rounds, {
      lookup: () => table.call('lookup'),
      lookupPlain: () => plain.call('lookupPlain'),
      fresher: () => table.call('fresher'),
      alternates: () => table.call('alternates'),
    })
    // One that follows on a round of newer announces, each with an alternate.
    const linkDown = await alternate(rounds, {
      async ms() {
        await table.call('fresher')
        return await table.call('linkDown')
      },
    })
    const perEntry = (bytes: number): number[] => [bytes / destinations]
    return {
      workload:
        `PathTable with ${known} random destinations, each with an announce of 145 bytes, a path in use and three ` +
        'alternates; one thread, no signature checked.',
      against: 'a Map of objects by the address as a string, with the same content; in a process of its own.',
      rows: [
        row('columns and index', 'bytes/entry', perEntry(built.columnBytes), atMost(120)),
        row('announces', 'bytes/entry', perEntry(built.announceBytes)),
        row('both, by what the process grew', 'bytes/entry', perEntry(built.grownBytes)),
        row('Map of objects, by what the process grew', 'bytes/entry', perEntry(builtPlain.grownBytes)),
        row('find + use', 'lookups/s', rates.lookup, atLeast(1_000_000)),
        row('find + use, against the Map', 'ratio', ratios(rates.lookup, rates.lookupPlain)),
        row('learn, a new destination', 'offers/s', [built.perSecond]),
        row('learn, a newer announce', 'offers/s', rates.fresher),
        row('learn, an alternate', 'offers/s', rates.alternates),
        row('a link fails that every path goes over', 'ms', linkDown.ms),
      ],
      notes: [
        'Rates are per second of CPU time of the thread. Destinations are looked up in random order, which no ' +
          'cache likes.',
        'Memory was measured after a collection of garbage, as heap and external memory together.',
      ],
    }
  },
}
