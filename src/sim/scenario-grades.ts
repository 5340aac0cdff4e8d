/** `sim/grades.toml`: links by name, from a cable to a slow radio. */
import { MAX_FRAME_BYTES } from '../wire/frame.ts'
import type { GilbertElliott, LinkModel } from './link-model.ts'
import { type Fields, TomlFields } from './scenario-fields.ts'

export interface LinkGrade {
  readonly name: string
  /** What it stands for. */
  readonly about: string
  readonly link: Partial<LinkModel>
}

const SHARE = { min: 0, max: 1, fraction: true }

/**
 * @param file names the text in errors.
 * @throws MeshError ERR_CONFIG: a line for each problem.
 */
export function parseGrades(text: string, file: string): ReadonlyMap<string, LinkGrade> {
  const { top, problems } = new TomlFields(text, file)
  const grades = new Map(top.tables().map(([name, fields]) => [name, readGrade(name, fields)] as const))
  problems.throwIfAny()
  return grades
}

function readGrade(name: string, fields: Fields): LinkGrade {
  const grade: LinkGrade = {
    name,
    about: fields.text('about'),
    link: {
      latencyMs: fields.number('latency_ms', { min: 0, max: 60_000, fraction: true }),
      jitterMs: fields.number('jitter_ms', { min: 0, max: 60_000, fraction: true }, 0),
      bitsPerSecond: fields.number('bits_per_s', { min: 1, max: 1e12 }),
      queueBytes: fields.number('queue_bytes', { min: 256, max: 2 ** 30 }),
      mtu: fields.number('mtu', { min: 128, max: MAX_FRAME_BYTES }, MAX_FRAME_BYTES),
      duplicate: fields.number('duplicate', SHARE, 0),
      reorder: fields.number('reorder', SHARE, 0),
      loss: fields.has('loss') ? readLoss(fields.table('loss')) : 0,
    },
  }
  fields.end()
  const { queueBytes = 0, mtu = 0 } = grade.link
  if (queueBytes < mtu) fields.problem('queue_bytes', `has to hold the longest frame, ${mtu} bytes`)
  return grade
}

function readLoss(fields: Fields): GilbertElliott {
  const loss = {
    goodLoss: fields.number('good', SHARE),
    badLoss: fields.number('bad', SHARE),
    toBad: fields.number('to_bad', SHARE),
    toGood: fields.number('to_good', SHARE),
  }
  fields.end()
  return loss
}
