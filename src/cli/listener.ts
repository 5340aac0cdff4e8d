/** What `hopwire listen` does. */
import type { MessageEvent } from '../control/protocol.ts'
import { formatBytes } from '../observability/format.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Values } from './command.ts'
import { complain, Exit, type ExitCode } from './exit.ts'
import { ANSWER_MS, connectToNode, type NODE_OPTIONS } from './node-client.ts'
import { saveFile } from './save-file.ts'
import { printJson, printLines } from './table.ts'
import { printable } from './terminal.ts'

export interface ListenOptions {
  /** Where files are saved, if they are. */
  readonly out: string | undefined
  readonly json: boolean
  readonly where: Values<typeof NODE_OPTIONS>
}

/**
 * Prints messages until a signal ends it, or the reader of stdout goes away.
 *
 * @throws MeshError ERR_CONTROL or ERR_LIFECYCLE when the node goes away
 */
export async function listenToNode({ out, json, where }: ListenOptions): Promise<ExitCode> {
  const ended = new Promise<ExitCode>((resolve) => {
    const end = (): void => resolve(Exit.ok)
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
    process.stdout.once('error', end)
  })
  using node = await connectToNode(where)
  const onEvent = (message: MessageEvent): void => {
    const savedAs = out === undefined ? undefined : save(out, message)
    if (json) printJson(savedAs === undefined ? message : { ...message, file: { ...message.file, savedAs } })
    else printLines([lineOf(message, savedAs)])
  }
  const listening = node.call('listen', {}, { onEvent })
  // Requests are begun in order: once this one is answered, the other is at work.
  const ready = node.call('status', {}, { timeoutMs: ANSWER_MS }).then(({ address }) => {
    process.stderr.write(`listening at ${address}, Ctrl-C ends\n`)
    return listening
  })
  return await Promise.race([listening, ready, ended])
}

function save(dir: string, { file, payload }: MessageEvent): string | undefined {
  if (file === undefined) return undefined
  try {
    return saveFile(dir, file.name, Buffer.from(payload, 'base64'))
  } catch (error) {
    complain(`file ${file.name} was not saved: ${messageOf(error)}`)
    return undefined
  }
}

/** `2026-01-31 12:00:00  3f2a9c1d  hello` */
function lineOf({ receivedAt, from, payload, file }: MessageEvent, savedAs: string | undefined): string {
  // Swedish dates are ISO 8601, and these are in the reader's own time zone.
  const time = new Date(receivedAt).toLocaleString('sv-SE')
  const sender = `${time}  ${from.slice(0, 8)}  `
  if (file === undefined) return sender + contentOf(Buffer.from(payload, 'base64'))
  const where = savedAs === undefined ? '--out DIR saves files' : `saved as ${savedAs}`
  return `${sender}${printable(`file ${file.name}, ${formatBytes(file.bytes)} (${where})`)}`
}

function contentOf(payload: Uint8Array): string {
  try {
    return printable(new TextDecoder('utf-8', { fatal: true }).decode(payload))
  } catch {
    return `${formatBytes(payload.length)} that are no text`
  }
}
