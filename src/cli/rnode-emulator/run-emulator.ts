/** What `hopwire rnode-emulator` does, from its options to the signal that ends it. */
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { systemClock } from '../../runtime/clock.ts'
import { messageOf } from '../../runtime/errors.ts'
import { seededRandom, systemRandom } from '../../runtime/random.ts'
import { obey } from '../../sim/rnode/control.ts'
import { EmulatedAir } from '../../sim/rnode/network.ts'
import { makePtyFolder, PtyPort } from '../../sim/rnode/pty-port.ts'
import { TcpPort } from '../../sim/rnode/tcp-port.ts'
import { Exit, type ExitCode } from '../exit.ts'
import { handleSignals } from '../run/signals.ts'
import { printJson } from '../table.ts'
import { type EmulatorPlan, type EmulatorValues, planOf } from './options.ts'
import { type Show, showJson, showText } from './show.ts'

interface Ready {
  readonly name: string
  readonly tcp: string
  readonly pty?: string
}

/** @throws MeshError for options that make no sense, a port that is taken, or where socat is missing. */
export async function runEmulator(values: EmulatorValues): Promise<ExitCode> {
  const plan = await planOf(values)
  const signals = handleSignals()
  const show = values.json === true ? showJson : showText
  const random = values.seed === undefined ? systemRandom : seededRandom(values.seed)
  const air: EmulatedAir = new EmulatedAir({
    clock: systemClock,
    random,
    reach: plan.reach,
    loss: plan.loss,
    airtimeScale: plan.airtimeScale,
    onTransmission: (event) => {
      const agoMs = air.clock.monotonic() - event.at
      show.transmission(air.clock.now() - agoMs, event)
    },
  })
  const open = new OpenPorts()
  try {
    const modems = await open.all(air, plan, values.pty === true, show)
    printJson({ event: 'ready', modems })
    const lines = readOrders(air, show)
    await signals.terminated
    lines.close()
    process.stdin.destroy()
  } finally {
    air.stop()
    await open.close()
  }
  return Exit.ok
}

/** All that has to be closed again. */
class OpenPorts {
  readonly #ports: { close(): Promise<void> }[] = []
  #folder: string | undefined

  async all(air: EmulatedAir, plan: EmulatorPlan, hasPty: boolean, show: Show): Promise<Ready[]> {
    const ready: Ready[] = []
    for (const [index, name] of plan.names.entries()) {
      const modem = air.modem({ name, platform: plan.platform })
      const { host = '', port = 0 } = plan.addresses[index] ?? {}
      const tcp = await TcpPort.listen(modem, air.clock, host, port)
      this.#ports.push(tcp)
      ready.push({ name, tcp: tcp.address })
    }
    if (hasPty) {
      this.#folder = await makePtyFolder()
      for (const [index, modem] of [...air.modems.values()].entries()) {
        const pty = await PtyPort.open(modem, this.#folder, (trouble) => show.answer(false, trouble))
        this.#ports.push(pty)
        ready[index] = { ...(ready[index] as Ready), pty: pty.path }
      }
    }
    for (const { name, watchers } of air.modems.values()) {
      watchers.add((change) => show.change(air.clock.now(), name, change))
    }
    return ready
  }

  async close(): Promise<void> {
    await Promise.all(this.#ports.map((port) => port.close()))
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true })
  }
}

function readOrders(air: EmulatedAir, show: Show): { close(): void } {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    if (line.trim() === '') return
    // In the time of the air, after all that has happened on it until now.
    air.clock.defer(() => {
      try {
        show.answer(true, obey(air, line))
      } catch (error) {
        show.answer(false, messageOf(error))
      }
    })
  })
  return lines
}
