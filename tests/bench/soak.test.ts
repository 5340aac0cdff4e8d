import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FAULTS } from '../../bench/soak/faults.ts'
import { Journal, type JournalEntry } from '../../bench/soak/journal.ts'
import { Soak } from '../../bench/soak/soak.ts'
import { isClean, judge, slopeOf, type Verdict } from '../../bench/soak/verdict.ts'

const started: JournalEntry = { is: 'started' }
const accepted: JournalEntry = { is: 'accepted', id: '1', to: 'bob' }
const received: JournalEntry = { is: 'received', from: 'alice', id: '1', at: 100_000 }

const killed: JournalEntry = { is: 'killed', at: 105_000 }

function state(state: string, reason?: string): JournalEntry {
  return { is: 'state', id: '1', state, ...(reason !== undefined && { reason }) }
}

/** Of one message from alice to bob. */
function verdict(alice: JournalEntry[], bob: JournalEntry[], held: string[] = []): Verdict {
  const journals = new Map([
    ['alice', [started, ...alice]],
    ['bob', [started, ...bob]],
  ])
  return judge(journals, new Set(held))
}

describe('the verdict on a message', () => {
  it('is clean where it was delivered once', () => {
    const once = verdict([accepted, state('sent'), state('delivered')], [received])
    assert.deepEqual([once.accepted, once.delivered, isClean(once)], [1, 1, true])
  })

  it('is doubled where its recipient had to know it', () => {
    const late: JournalEntry = { is: 'killed', at: 105_001 }
    for (const bob of [
      [received, received],
      [received, received, killed],
      [received, started, received],
      [received, started, started, received],
      [received, late, started, received],
    ]) {
      const twice = verdict([accepted], bob)
      assert.deepEqual([twice.doubled.length, isClean(twice)], [1, false], JSON.stringify(bob))
    }
  })

  it('may come again to a node that was killed at the first time', () => {
    const again = verdict([accepted], [received, killed, started, received])
    assert.deepEqual([again.deliveredToNextLife, isClean(again)], [1, true])
  })

  it('is lost where somebody had promised to keep it and nobody has it', () => {
    const kept = [accepted, state('sent'), state('stored')]
    assert.equal(verdict([...kept, started], []).lost.length, 1)
    assert.equal(verdict([...kept, started], [], ['alice 1']).held, 1)
    assert.equal(verdict(kept, []).held, 1, 'its sender still asks for it')
  })

  it('is gone with its sender where that was ended before anybody kept it', () => {
    const gone = verdict([accepted, state('sent'), started], [])
    assert.deepEqual([gone.goneWithSender, isClean(gone)], [1, true])
  })

  it('names why it ended, and a receipt for what never arrived', () => {
    const expired = verdict([accepted, state('expired', 'expired')], [])
    assert.deepEqual([expired.ended, isClean(expired)], [{ 'expired: expired': 1 }, true])
    assert.equal(isClean(verdict([accepted, state('delivered')], [])), false)
  })
})

describe('the slope of samples', () => {
  it('is that of the line through them', () => {
    assert.equal(
      slopeOf([
        [0, 5],
        [1, 7],
        [2, 9],
      ]),
      2,
    )
    assert.equal(
      slopeOf([
        [0, 5],
        [1, 8],
        [2, 5],
      ]),
      0,
    )
  })
})

describe('a journal', () => {
  it('is read on from where it was, without the half line at its end', async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-journal-'))
    test.after(() => rm(folder, { recursive: true }))
    const journal = new Journal(join(folder, 'journal'))
    await writeFile(journal.file, `${JSON.stringify(started)}\n{"is":"acce`)
    assert.deepEqual(journal.read(), [started])
    await appendFile(journal.file, JSON.stringify(accepted).slice('{"is":"acce'.length))
    assert.deepEqual(journal.read(), [started])
    await appendFile(journal.file, '\n')
    assert.deepEqual(journal.read(), [started, accepted])
  })
})

describe('a soak', () => {
  it('with each kind of fault loses and doubles no message', { timeout: 115_000 }, async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'hopwire-soak-'))
    test.after(() => rm(folder, { recursive: true }))
    const kinds = Object.keys(FAULTS)
    const report = await new Soak({
      seed: 'a short one',
      folder,
      until: { faults: kinds.length, messages: 100 },
      faultEveryMs: 400,
      messagesPerS: 20,
      announceS: 3,
      lastWaitMs: 45_000,
      say: (line) => test.diagnostic(line),
    }).run()
    test.diagnostic(JSON.stringify(report))
    assert.deepEqual(Object.keys(report.faults), kinds)
    assert.ok(isClean(report.verdict), JSON.stringify(report.verdict))
    assert.deepEqual(report.uncleanStops, [])
    assert.ok(report.verdict.delivered > 80, `${report.verdict.delivered} of ${report.verdict.accepted}`)
  })
})
