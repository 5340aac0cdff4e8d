import { messageStoreCompliance } from '../../src/testing/store-compliance.ts'
import { sqliteUnderTest } from './fixtures/sqlite-files.ts'

messageStoreCompliance('sqlite', sqliteUnderTest)
