/** Nodes with emulated radios as people run them: an emulator and a node for each modem, all processes. */
import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import type { NodeStatus } from '../../src/control/protocol.ts'
import type { NeighbourView } from '../../src/observability/snapshot.ts'
import type { RadioFigures } from '../../src/transport/radio-figures.ts'
import { type Outcome, type Ready, type Running, Workplace } from '../cli/program.ts'

export interface RadioNode {
  readonly name: string
  readonly program: Running
  readonly ready: Ready
}

interface EmulatedModem {
  readonly name: string
  readonly tcp: string
  readonly pty?: string
}

/** Only for what would else be tried for ever. */
const MOST_ATTEMPTS = 500

export class RadioPlace {
  readonly place: Workplace
  readonly modems: readonly EmulatedModem[]
  readonly #emulator: Running

  static async make(modems: number, ...options: string[]): Promise<RadioPlace> {
    const place = await Workplace.make()
    const tcp = Array(modems).fill('127.0.0.1:0').join(',')
    const emulator = place.start(['rnode-emulator', '--json', '--tcp', tcp, ...options], { keepsInput: true })
    const ready = JSON.parse(await emulator.line()) as { modems: EmulatedModem[] }
    return new RadioPlace(place, emulator, ready.modems)
  }

  private constructor(place: Workplace, emulator: Running, modems: readonly EmulatedModem[]) {
    this.place = place
    this.modems = modems
    this.#emulator = emulator
  }

  portOf(modem: number): string {
    return `tcp://${this.modems[modem - 1]?.tcp}`
  }

  /** Tells the emulator to do something, and waits until it has. */
  async order(line: string): Promise<void> {
    this.#emulator.type(line)
    for (;;) {
      const { event, ok, text } = JSON.parse(await this.#emulator.line())
      if (event !== 'answer') continue
      assert.ok(ok, text)
      return
    }
  }

  async make(name: string): Promise<void> {
    const made = await this.place.hopwire(['init', '--dir', name])
    assert.equal(made.code, 0, made.stderr)
  }

  /** Runs a node whose only link is a radio. */
  async run(name: string, port: string): Promise<RadioNode> {
    const { program, ready } = await this.place.run(
      name,
      'transport.tcp.enabled=false',
      'transport.quic.enabled=false',
      `transport.lora=[{port="${port}"}]`,
    )
    return { name, program, ready }
  }

  async node(name: string, port: string): Promise<RadioNode> {
    await this.make(name)
    return await this.run(name, port)
  }

  async at(node: RadioNode, command: string, ...args: string[]): Promise<Outcome> {
    return await this.place.hopwire([command, ...args, '--control', node.ready.control])
  }

  async status(node: RadioNode): Promise<NodeStatus & { checks: Record<string, { detail: string }> }> {
    const { code, stdout, stderr } = await this.at(node, 'status', '--json')
    assert.equal(code, 0, stderr)
    return JSON.parse(stdout)
  }

  async radio(node: RadioNode): Promise<RadioFigures> {
    const [radio] = (await this.status(node)).radios
    assert.ok(radio)
    return radio
  }

  /** Asks again and again until a node has a link to another. */
  async untilLinked(node: RadioNode, to: RadioNode): Promise<NeighbourView> {
    for (let attempt = 1; ; attempt++) {
      assert.ok(attempt <= MOST_ATTEMPTS, `${node.name} has found nobody: ${node.program.stderr}`)
      const { stdout } = await this.at(node, 'peers', '--json')
      const found = (JSON.parse(stdout) as NeighbourView[]).find(
        ({ address }) => address === to.ready.address,
      )
      if (found !== undefined) return found
    }
  }

  async listen(node: RadioNode): Promise<Running> {
    const listener = this.place.start(['listen', '--control', node.ready.control, '--json'])
    await listener.says(/^listening at /m)
    return listener
  }

  /** Sends a text and waits for the receipt. */
  async deliver(from: RadioNode, to: RadioNode, text: string): Promise<void> {
    const sent = await this.at(
      from,
      'send',
      to.ready.address,
      text,
      '--wait',
      'delivered',
      '--timeout',
      '60',
      '--json',
    )
    assert.equal(sent.code, 0, `${sent.stdout}${sent.stderr}\n${from.program.stderr}`)
    assert.match(sent.stdout, /"state":"delivered"[^\n]*\n$/)
  }

  /** The length of a node's ledger, bytes. */
  async ledgerBytes(node: RadioNode): Promise<number> {
    const folder = this.place.path(node.name, 'data', 'airtime')
    const ledgers = (await readdir(folder)).filter((file) => file.endsWith('.ledger'))
    assert.equal(ledgers.length, 1)
    return (await stat(`${folder}/${ledgers[0]}`)).size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]()
  }
}
