import { memoryStore } from '../../src/store/memory.ts'
import { messageStoreCompliance } from '../../src/testing/store-compliance.ts'

messageStoreCompliance('memory', async (limits) => ({ store: memoryStore(limits) }))
