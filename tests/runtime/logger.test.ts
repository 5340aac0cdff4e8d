import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Identity } from '../../src/identity/identity.ts'
import { createLogger, type LoggerOptions, silentLogger } from '../../src/runtime/logger.ts'
import { seededRandom } from '../../src/runtime/random.ts'

const FORMATS = ['json', 'text'] as const

function record(options: Partial<LoggerOptions>): {
  lines: string[]
  logger: ReturnType<typeof createLogger>
} {
  const lines: string[] = []
  const stream = { write: (line: string) => lines.push(line) }
  return { lines, logger: createLogger({ level: 'debug', format: 'text', stream, ...options }) }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/

test('a text line is time, level, message and fields', () => {
  const { lines, logger } = record({ format: 'text' })
  logger.warn({ peer: 'ab12', reason: 'timed out', tries: 3, last: null }, 'link lost')
  assert.match(lines[0] ?? '', TIME)
  assert.equal(lines[0]?.slice(25), 'WARN  link lost peer=ab12 reason="timed out" tries=3 last=null\n')
})

test('a JSON line has the same in fields', () => {
  const { lines, logger } = record({ format: 'json' })
  logger.info({ peer: 'ab12' }, 'link up')
  const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>
  assert.match(String(time), TIME)
  assert.deepEqual(rest, { level: 30, peer: 'ab12', msg: 'link up' })
})

test('a child adds its fields to every line', () => {
  for (const format of FORMATS) {
    const { lines, logger } = record({ format })
    logger.child({ part: 'store' }).child({ file: 'a.db' }).error({}, 'full')
    assert.match(lines[0] ?? '', /part\W+store.*file\W+a\.db/)
  }
})

test('what is below the level is not written, and the silent logger writes nothing', () => {
  const { lines, logger } = record({ level: 'warn' })
  logger.debug({}, 'a')
  logger.info({}, 'b')
  logger.warn({}, 'c')
  logger.error({}, 'd')
  assert.equal(lines.length, 2)
  silentLogger.error({}, 'to nobody')
})

describe('a text line cannot be forged', () => {
  const HOSTILE = [
    '\n2026-01-01T00:00:00.000Z INFO  all is well',
    '\r\n',
    '\u001b[2K\u001b[1A',
    '\u009b31m',
    '\u0000\u0007\u0008',
    '\u2028',
    '\u2029',
    '\u0085',
    '\u202etxt.exe',
    '\u2066',
    '\u{e0041}',
  ]
  const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

  function assertOneLine(lines: string[]): void {
    assert.equal(lines.length, 1)
    const line = lines[0] ?? ''
    assert.equal(line.at(-1), '\n')
    assert.doesNotMatch(line.slice(0, -1), UNSAFE)
    assert.match(line, TIME)
  }

  for (const text of HOSTILE) {
    test(JSON.stringify(text), () => {
      for (const write of writers(text)) {
        const { lines, logger } = record({ format: 'text' })
        write(logger)
        assertOneLine(lines)
      }
    })
  }

  /** The hostile text in each place where one may stand. */
  function writers(text: string): ((logger: ReturnType<typeof createLogger>) => void)[] {
    return [
      (logger) => logger.info({ name: text }, 'message'),
      (logger) => logger.info({ name: { deep: [text] } }, 'message'),
      (logger) => logger.info({ [text]: 1 }, 'message'),
      (logger) => logger.info({}, `message ${text}`),
      (logger) => logger.child({ name: text }).info({}, 'message'),
      (logger) => logger.info({ err: new Error(text) }, 'message'),
    ]
  }

  test('any text at all', () => {
    const codePoint = fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCodePoint(code))
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        const { lines, logger } = record({ format: 'text' })
        logger.info({ name: text }, text)
        assertOneLine(lines)
      }),
    )
  })

  test('a value with spaces or quotes is quoted, so that it cannot pose as another field', () => {
    const { lines, logger } = record({ format: 'text' })
    logger.info({ name: 'x peer=root', other: 'a" peer="b' }, 'hello')
    assert.equal(lines[0]?.slice(25), 'INFO  hello name="x peer=root" other="a\\" peer=\\"b"\n')
  })
})

describe('secrets', () => {
  for (const format of FORMATS) {
    test(`a field with the name of a secret is withheld: ${format}`, () => {
      for (const name of ['seed', 'secret', 'secretKey', 'sharedSecret', 'privateKey', 'password', 'token']) {
        const { lines, logger } = record({ format })
        logger.info({ [name]: 'hunter2', inner: { [name]: 'hunter2' }, peer: 'ab' }, 'message')
        logger.child({ [name]: 'hunter2' }).info({}, 'message')
        assert.doesNotMatch(lines.join(''), /hunter2/)
        assert.match(lines[0] ?? '', /\[redacted\].*\[redacted\].*ab/)
      }
    })

    test(`an identity shows its address alone: ${format}`, () => {
      const identity = Identity.generate(seededRandom('logged'))
      const { lines, logger } = record({ format })
      logger.info({ identity, err: new Error('x', { cause: identity }) }, 'message')
      const seed = Buffer.from(identity.exportSeed())
      assert.match(lines[0] ?? '', new RegExp(identity.address.toString()))
      for (const form of ['hex', 'base64', 'latin1'] as const) {
        assert.equal(lines[0]?.includes(seed.toString(form)), false)
      }
      assert.equal(lines[0]?.includes([...seed].join(',')), false)
    })
  }
})
