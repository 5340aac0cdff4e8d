import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const DEMO = fileURLToPath(new URL('../../examples/demo.ts', import.meta.url))

test('the demo tells its story to the end, over TCP and by LoRa', async () => {
  const { HOPWIRE_CONTROL: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, [DEMO], { env, timeout: 110_000 })
  const chapters = [
    'bob hears: Hello Bob, can you hear me\\?',
    'alice hears: Loud and clear, Alice\\.',
    'bob has map\\.bin, 40000 bytes, the same SHA-256',
    'bob hears: Read this when you are back\\.',
    'bob hears: No network here, only hills\\.',
    'alice hears: You still come in fine\\.',
    'alice +\\d+ bytes, [\\d.]+ ms',
    'tcp://127\\.0\\.0\\.1:\\d+ +up +869\\.525 MHz ',
    'left +\\d+\\.\\d s of 360 s in band P',
    'hopwire_lora_duty_cycle_ratio',
    'three clean exits',
    'Done',
  ]
  assert.match(stdout, new RegExp(chapters.join('[\\s\\S]*')))
})
