/** A received message as the control socket tells it. */
import { FILE_MESSAGE } from '../node/node-core.ts'
import { decodeFile } from '../services/file-message.ts'
import type { IncomingMessage } from '../services/service.ts'
import type { MessageEvent } from './protocol.ts'

/** Control characters but for tab and line ends. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]/u

export function messageEvent(message: IncomingMessage): MessageEvent {
  const file = message.service === FILE_MESSAGE ? decodeFile(message.payload) : undefined
  const text = message.service === FILE_MESSAGE ? undefined : textOf(message.payload)
  return {
    id: message.id,
    from: message.from.toString(),
    service: message.service,
    hops: message.hops,
    createdAt: message.createdAt.toISOString(),
    receivedAt: message.receivedAt.toISOString(),
    ...(text === undefined ? {} : { text }),
    payload: Buffer.from(file?.content ?? message.payload).toString('base64'),
    ...(file === undefined ? {} : { file: { name: file.name, bytes: file.content.length } }),
  }
}

function textOf(payload: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)
    return UNPRINTABLE.test(text) ? undefined : text
  } catch {
    return undefined
  }
}
