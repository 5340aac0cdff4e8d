import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseRequest } from '../../src/control/request.ts'

describe('a request', () => {
  test('is version, id, method and params', () => {
    const request = { v: 1, id: 0, method: 'send', params: { to: 'x' } }
    assert.deepEqual(parseRequest(JSON.stringify(request)), request)
    assert.deepEqual(parseRequest('{"v":1,"id":9007199254740991,"method":"status","more":1}\r'), {
      v: 1,
      id: 9_007_199_254_740_991,
      method: 'status',
      params: undefined,
    })
  })

  const bad: [line: string, id: number | null, complaint: string][] = [
    ['', null, 'this line is not JSON'],
    ['hello', null, 'this line is not JSON'],
    ['{"v":1,"id":1,"method":"status"', null, 'this line is not JSON'],
    ['null', null, 'a request is a JSON object'],
    ['[1,2]', null, 'a request is a JSON object'],
    ['{}', null, 'a request has an id, a whole number from 0'],
    ['{"v":1,"id":-1,"method":"status"}', null, 'a request has an id, a whole number from 0'],
    ['{"v":1,"id":1.5,"method":"status"}', null, 'a request has an id, a whole number from 0'],
    ['{"v":1,"id":"1","method":"status"}', null, 'a request has an id, a whole number from 0'],
    ['{"v":1,"id":9007199254740992,"method":"x"}', null, 'a request has an id, a whole number from 0'],
    ['{"id":7,"method":"status"}', 7, 'this node speaks version 1 of the control protocol'],
    ['{"v":2,"id":7,"method":"status"}', 7, 'this node speaks version 1 of the control protocol'],
    ['{"v":1,"id":7}', 7, 'a request names its method'],
    ['{"v":1,"id":7,"method":"status","params":[]}', 7, 'params are a JSON object'],
    ['{"v":1,"id":7,"method":"status","params":null}', 7, 'params are a JSON object'],
    ['{"v":1,"id":7,"method":["status"]}', 7, 'a request names its method'],
  ]
  for (const [line, id, complaint] of bad) {
    test(`is not ${line === '' ? 'an empty line' : line}`, () => {
      assert.deepEqual(parseRequest(line), { id, complaint })
    })
  }

  test('or a complaint, whatever the line', () => {
    const line = fc.oneof(fc.string(), fc.json(), fc.constant('['.repeat(100_000)))
    fc.assert(
      fc.property(line, (text) => {
        const read = parseRequest(text)
        assert.ok('complaint' in read || typeof read.method === 'string')
      }),
    )
  })
})
