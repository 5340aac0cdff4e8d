import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GenericSchema } from 'valibot'
import { noParams, readParams, sendParams, traceParams } from '../../src/control/params.ts'

const TO = '0123456789abcdef0123456789abcdef'

describe('params', () => {
  test('are taken as they are when they fit', () => {
    for (const [schema, params] of [
      [noParams, {}],
      [traceParams, { to: 'abcdef' }],
      [traceParams, { to: TO.toUpperCase(), timeoutMs: 60_000 }],
      [sendParams, { to: TO, payload: '' }],
      [sendParams, { to: TO, payload: Buffer.alloc(65_536).toString('base64') }],
      [
        sendParams,
        { to: TO, payload: 'aGk=', file: 'a', priority: 'bulk', ttlS: 1, receipt: false, wait: 'stored' },
      ],
    ] as const) {
      assert.deepEqual(readParams(schema as GenericSchema, params), params)
    }
    assert.deepEqual(readParams(noParams, undefined), {})
  })

  const address = 'expected an address of 32 hexadecimal digits, or its first 6 or more'
  const cases: [schema: GenericSchema, params: unknown, message: string][] = [
    [noParams, { x: 1 }, 'params.x: Invalid key: Expected never but received "x"'],
    [traceParams, undefined, 'params: Invalid type: Expected Object but received undefined'],
    [traceParams, {}, 'params.to: Invalid key: Expected "to" but received undefined'],
    [traceParams, { to: 5 }, 'params.to: Invalid type: Expected string but received 5'],
    [traceParams, { to: 'abcde' }, `params.to: ${address}`],
    [traceParams, { to: `${TO}0` }, `params.to: ${address}`],
    [traceParams, { to: `${TO}\n` }, `params.to: ${address}`],
    [traceParams, { to: TO, timeoutMs: 0 }, 'params.timeoutMs: expected a whole number, 1 to 60000'],
    [traceParams, { to: TO, timeoutMs: 60_001 }, 'params.timeoutMs: expected a whole number, 1 to 60000'],
    [traceParams, { to: TO, timeoutMs: '5' }, 'params.timeoutMs: expected a whole number, 1 to 60000'],
    [sendParams, { to: TO, payload: 'a' }, 'params.payload: expected base64'],
    [sendParams, { to: TO, payload: 'a===' }, 'params.payload: expected base64'],
    [sendParams, { to: TO, payload: 'a b=' }, 'params.payload: expected base64'],
    [sendParams, { to: TO, payload: 'a-_=' }, 'params.payload: expected base64'],
    [
      sendParams,
      { to: TO, payload: 'a'.repeat(87_388) },
      'params.payload: expected base64 of at most 65536 bytes',
    ],
    [sendParams, { to: TO, payload: '', ttlS: 1.5 }, 'params.ttlS: expected a whole number, 1 to 134184960'],
    [
      sendParams,
      { to: TO, payload: '', wait: 'queued' },
      'params.wait: Invalid type: Expected ("sent" | "stored" | "delivered") but received "queued"',
    ],
    [
      sendParams,
      { to: TO, payload: '', receipt: 1 },
      'params.receipt: Invalid type: Expected boolean but received 1',
    ],
    [
      sendParams,
      JSON.parse(`{"to":"${TO}","payload":"","__proto__":{"receipt":false}}`),
      'params.__proto__: Invalid key: Expected never but received "__proto__"',
    ],
  ]
  for (const [schema, params, message] of cases) {
    test(message.slice(0, 90), () => {
      assert.throws(() => readParams(schema, params), { code: 'ERR_USAGE', message })
    })
  }
})
