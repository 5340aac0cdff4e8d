/**
 * The regions that are known. There is none for AS923, AU915 or IN865: those names stand for the plans of LoRaWAN,
 * below which each country has a law of its own. A region is added when its law has been read.
 */
import { EU433 } from './eu433.ts'
import { EU868 } from './eu868.ts'
import type { Region } from './region.ts'
import { US915 } from './us915.ts'

export const REGION_IDS = ['EU868', 'EU433', 'US915'] as const

export type RegionId = (typeof REGION_IDS)[number]

export const REGIONS: Readonly<Record<RegionId, Region>> = { EU868, EU433, US915 }
