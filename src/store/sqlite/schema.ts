/** How a connection is set up, and how the tables look. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Random } from '../../runtime/random.ts'
import { ForeignDatabase } from './errors.ts'
import { checkEnd, PAGE_BYTES } from './files.ts'
import { HASH_KEY_BYTES } from './stored-hash.ts'

/** Counted up with every change of the tables. */
const SCHEMA_VERSION = 1

/** 'hopw', at its place in the file's header: see https://sqlite.org/fileformat2.html#application_id. */
const APPLICATION_ID = 0x68_6f_70_77

/** The log is cut back to this when it has been taken over into the database. */
const MAX_IDLE_LOG_BYTES = 8 * 2 ** 20

/*
 * AUTOINCREMENT, since a row number must not come back after a restart. Both indexes start with a time and so
 * grow at their ends, where a hash in front would touch a page per message. `by_key` holds all that has to be
 * read when the store is opened.
 */
const TABLES = `
  CREATE TABLE messages (
    row              INTEGER PRIMARY KEY AUTOINCREMENT,
    source_hash      INTEGER NOT NULL,
    destination_hash INTEGER NOT NULL,
    created          INTEGER NOT NULL,
    sequence         INTEGER NOT NULL,
    priority         INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    bytes            INTEGER NOT NULL,
    source           BLOB NOT NULL CHECK (length(source) = 16),
    destination      BLOB NOT NULL CHECK (length(destination) = 16),
    frame            BLOB NOT NULL
  ) STRICT;
  CREATE INDEX by_key ON messages (created, sequence, source_hash, destination_hash, priority, bytes);
  CREATE INDEX by_expiry ON messages (expires_at);
  CREATE TABLE deliveries (
    row      INTEGER PRIMARY KEY,
    source   BLOB NOT NULL CHECK (length(source) = 16),
    created  INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX deliveries_by_end ON deliveries (ends_at);
  CREATE TABLE settings (hash_key BLOB NOT NULL) STRICT;
`

/** Takes the file for this connection alone, until it is closed or the process ends, and makes commits durable. */
export function configure(db: DatabaseSync, maxFileBytes: number | undefined): void {
  // The lock first: SQLite then needs no shared memory file for the log.
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = ${MAX_IDLE_LOG_BYTES};
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
  `)
  if (maxFileBytes === undefined) return
  db.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxFileBytes / PAGE_BYTES))}`)
}

/** Makes the tables of a new database; checks those of another. @throws ForeignDatabase, or SQLite's own. */
export function prepareTables(db: DatabaseSync, file: string, random: Random): void {
  if (numberOf(db, 'SELECT count(*) FROM sqlite_schema') === 0) {
    db.exec('BEGIN EXCLUSIVE')
    db.exec(TABLES)
    db.prepare('INSERT INTO settings VALUES (?)').run(random.bytes(HASH_KEY_BYTES))
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
    return
  }
  if (numberOf(db, 'PRAGMA application_id') !== APPLICATION_ID) {
    throw new ForeignDatabase('it is the database of another program')
  }
  const version = numberOf(db, 'PRAGMA user_version')
  if (version !== SCHEMA_VERSION) {
    throw new ForeignDatabase(`it has schema version ${version}, this hopwire reads ${SCHEMA_VERSION}`)
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  checkEnd(file)
  const problem = firstValue(db.prepare('PRAGMA quick_check(1)'))
  if (problem !== 'ok') throw new ForeignDatabase(String(problem))
}

/** The first column of the first row. */
export function firstValue(
  statement: StatementSync,
  ...parameters: SQLInputValue[]
): SQLOutputValue | undefined {
  return Object.values(statement.get(...parameters) ?? {})[0]
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(firstValue(db.prepare(sql)))
}
