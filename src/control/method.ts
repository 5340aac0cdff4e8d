/** What a method of the control socket is, and what it works with. */
import type * as v from 'valibot'
import type { MeshNode } from '../node/mesh-node.ts'
import type { RunHandle } from '../node/run-handle.ts'
import type { Clock } from '../runtime/clock.ts'
import type { MessageHub } from './message-hub.ts'
import { readParams } from './params.ts'
import type { ControlMethods, MethodName } from './protocol.ts'

/** The node that is controlled. */
export interface Controlled {
  readonly node: MeshNode
  readonly run: RunHandle
  readonly hub: MessageHub
  readonly clock: Clock
}

/** One request while it is being answered. */
export interface Call<E> {
  /** Sends an event. @returns false once the client does not keep up: it should get no more until `whenRoom`. */
  emit(event: E): boolean
  /** Calls back once, when the client has read what it was sent. */
  whenRoom(task: () => void): void
  /** Aborts when the client is gone or the node stops. */
  readonly signal: AbortSignal
}

/**
 * Answers a request with a result, at once or later.
 *
 * @throws MeshError what the client is told; anything else is a defect.
 */
export type Method<E = unknown> = (node: Controlled, params: unknown, call: Call<E>) => unknown

/** Puts the check of the parameters before a method. */
export function checked<N extends MethodName, S extends v.GenericSchema>(
  _name: N,
  schema: S,
  answer: (
    node: Controlled,
    params: v.InferOutput<S>,
    call: Call<ControlMethods[N]['event']>,
  ) => ControlMethods[N]['result'] | Promise<ControlMethods[N]['result']>,
): Method<ControlMethods[N]['event']> {
  return (node, params, call) => answer(node, readParams(schema, params), call)
}
