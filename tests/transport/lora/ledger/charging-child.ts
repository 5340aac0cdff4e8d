/** Charges as fast as it can, and prints the uptime of each grant, until it is killed. */
import { writeSync } from 'node:fs'
import { silentLogger } from '../../../../src/runtime/logger.ts'
import { systemUptime } from '../../../../src/runtime/uptime.ts'
import { DutyLedger } from '../../../../src/transport/lora/ledger/duty-ledger.ts'
import { FileMedium } from '../../../../src/transport/lora/ledger/ledger-medium.ts'

const medium = new FileMedium(process.argv[2] ?? '')
const ledger = DutyLedger.open({ medium, uptime: systemUptime, dutyShare: 0.1, logger: silentLogger })
while (ledger.charge(10).granted) writeSync(1, `${systemUptime()}\n`)
