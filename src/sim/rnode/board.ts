/** What differs between the boards that RNode firmware runs on. */
import { MeshError } from '../../runtime/errors.ts'

export type Platform = 'avr' | 'esp32' | 'nrf52'
export type Chip = 'sx126x' | 'sx127x'

export interface BoardOptions {
  /** Default `esp32`. */
  readonly platform?: Platform
  /** Default `sx127x` for `avr`, which has no other, else `sx126x`. */
  readonly chip?: Chip
  /** Such as `1.86`, the default. */
  readonly firmware?: string
  /** Whether it boots when the port is opened, as boards do that are wired to the line's DTR. Default: `avr`. */
  readonly resetsOnOpen?: boolean
}

export interface Board {
  readonly platform: Platform
  readonly chip: Chip
  readonly major: number
  readonly minor: number
  readonly resetsOnOpen: boolean
  readonly platformByte: number
  readonly mcuByte: number
  readonly boardByte: number
  /** What may wait to be sent. */
  readonly queueBytes: number
  readonly queuePackets: number
  /** What the line holds while the processor is busy sending. */
  readonly serialBytes: number
  readonly maxPowerDbm: number
  /** Whether it measures the channel, locks its airtime and tells of both. */
  readonly hasTelemetry: boolean
  readonly bootMs: number
  /** What it writes on the line as it boots, before its first frame. */
  readonly bootText: string
}

const PLATFORMS = {
  avr: {
    platformByte: 0x90,
    mcuByte: 0x91,
    queueBytes: 5120,
    queuePackets: 24,
    serialBytes: 768,
    hasTelemetry: false,
    bootMs: 1600,
    bootText: '',
  },
  esp32: {
    platformByte: 0x80,
    mcuByte: 0x81,
    queueBytes: 6144,
    queuePackets: 200,
    serialBytes: 6144,
    hasTelemetry: true,
    bootMs: 700,
    bootText:
      'rst:0x3 (SW_RESET),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\nload:0x3fce3808,len:0x44c\r\nentry 0x403c98d0\r\n',
  },
  nrf52: {
    platformByte: 0x70,
    mcuByte: 0x71,
    queueBytes: 6144,
    queuePackets: 200,
    serialBytes: 6144,
    hasTelemetry: true,
    bootMs: 500,
    bootText: '',
  },
} as const

/** T3S3, RAK4631, LoRa32 v2.1 and the first RNode. */
const BOARD_BYTES = { esp32: { sx126x: 0x42, sx127x: 0x37 }, nrf52: 0x51, avr: 0x31 } as const
const MAX_POWER_DBM = { sx126x: 22, sx127x: 17 } as const

/** @throws MeshError ERR_USAGE for a chip that the platform does not come with, or a version that is none. */
export function boardOf(options: BoardOptions = {}): Board {
  const { platform = 'esp32', firmware = '1.86' } = options
  const { chip = platform === 'avr' ? 'sx127x' : 'sx126x' } = options
  if (platform !== 'esp32' && chip !== (platform === 'avr' ? 'sx127x' : 'sx126x')) {
    throw new MeshError(
      'ERR_USAGE',
      `no RNode has an ${platform} with an ${chip}: only esp32 comes with both`,
    )
  }
  const version = /^(\d{1,3})\.(\d{1,3})$/.exec(firmware)
  const [major, minor] = [Number(version?.[1] ?? 256), Number(version?.[2] ?? 256)]
  if (major > 255 || minor > 255) {
    throw new MeshError('ERR_USAGE', `firmware ${JSON.stringify(firmware)}: expected a version such as 1.86`)
  }
  const bytes = BOARD_BYTES[platform]
  return {
    ...PLATFORMS[platform],
    platform,
    chip,
    major,
    minor,
    resetsOnOpen: options.resetsOnOpen ?? platform === 'avr',
    boardByte: typeof bytes === 'number' ? bytes : bytes[chip],
    maxPowerDbm: MAX_POWER_DBM[chip],
  }
}
