/** `sim/regressions.toml`: seeds that once showed a defect. The tests run each of them for ever. */
import { join } from 'node:path'
import { MAX_CONFIG_BYTES } from '../config/toml.ts'
import { TomlFields } from './scenario-fields.ts'
import { SIM_FOLDER } from './scenario-folder.ts'
import { readText } from './scenario-text.ts'

export interface Regression {
  readonly name: string
  readonly scenario: string
  readonly seed: string
  /** What was wrong. */
  readonly found: string
}

export async function loadRegressions(): Promise<readonly Regression[]> {
  const file = join(SIM_FOLDER, 'regressions.toml')
  return parseRegressions(await readText(file, MAX_CONFIG_BYTES), file)
}

/** @throws MeshError ERR_CONFIG: a line for each problem. */
export function parseRegressions(text: string, file: string): readonly Regression[] {
  const { top, problems } = new TomlFields(text, file)
  const regressions = top.tables().map(([name, fields]) => {
    const regression = {
      name,
      scenario: fields.text('scenario'),
      seed: fields.text('seed'),
      found: fields.text('found'),
    }
    fields.end()
    return regression
  })
  problems.throwIfAny()
  return regressions
}
