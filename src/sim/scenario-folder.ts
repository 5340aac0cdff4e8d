/** Where scenarios are: the `sim` folder of the package, or a file of one's own. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { editDistance, nearest } from '../config/nearest.ts'
import { MAX_CONFIG_BYTES } from '../config/toml.ts'
import { MeshError } from '../runtime/errors.ts'
import { parseScenario, type Scenario } from './scenario.ts'
import { type LinkGrade, parseGrades } from './scenario-grades.ts'
import { readText } from './scenario-text.ts'

/** The same from `src/sim` and from `dist/sim`. */
export const SIM_FOLDER = fileURLToPath(new URL('../../sim/', import.meta.url))
const SCENARIOS = join(SIM_FOLDER, 'scenarios')

/** The names of all scenarios of the package, sorted. */
export async function scenarioNames(): Promise<string[]> {
  try {
    const files = await readdir(SCENARIOS)
    return files
      .flatMap((file) => (file.endsWith('.toml') ? [file.slice(0, -'.toml'.length)] : []))
      .toSorted()
  } catch (error) {
    throw new MeshError('ERR_CONFIG', `${SCENARIOS}: the folder with the scenarios cannot be read`, {
      cause: error,
    })
  }
}

/**
 * @param written the name of a scenario of the package, or the path of a file that ends in `.toml`.
 * @throws MeshError ERR_USAGE for a name that is none; ERR_CONFIG for a file that will not do.
 */
export async function loadScenario(written: string): Promise<Scenario> {
  const grades = await loadGrades()
  if (written.endsWith('.toml')) return parseScenario(await readBounded(written), written, grades)
  const names = await scenarioNames()
  if (!names.includes(written)) throw unknownScenario(written, names)
  const file = join(SCENARIOS, `${written}.toml`)
  return parseScenario(await readBounded(file), file, grades)
}

export async function loadGrades(): Promise<ReadonlyMap<string, LinkGrade>> {
  const file = join(SIM_FOLDER, 'grades.toml')
  return parseGrades(await readBounded(file), file)
}

function readBounded(file: string): Promise<string> {
  return readText(file, MAX_CONFIG_BYTES)
}

function unknownScenario(written: string, names: readonly string[]): MeshError {
  const meant = nearest(names, (known) => editDistance(written, known), Math.max(2, written.length / 3))
  const hint = meant === undefined ? "'hopwire sim --list' has all" : `did you mean ${meant}?`
  return new MeshError('ERR_USAGE', `unknown scenario ${JSON.stringify(written.slice(0, 80))} (${hint})`)
}
