import type { DatabaseSync } from "node:sqlite"
import { ownDatabase } from "../../own-database.ts"

/** Version of the tables below, kept in SQLite's `user_version`. */
const SCHEMA_VERSION = 1

/** `referrers` is derived from the manifests and can be built again from them; everything else is the record itself. */
const TABLES = `
CREATE TABLE repositories (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE blobs (repository TEXT, digest TEXT, size INTEGER, PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE INDEX blobs_by_digest ON blobs (digest);
CREATE TABLE manifests (repository TEXT, digest TEXT, media_type TEXT, size INTEGER, pushed INTEGER,
  PRIMARY KEY (repository, digest)) WITHOUT ROWID;
CREATE TABLE tags (repository TEXT, tag TEXT, digest TEXT, PRIMARY KEY (repository, tag)) WITHOUT ROWID;
CREATE INDEX tags_by_digest ON tags (repository, digest);
CREATE TABLE referrers (repository TEXT, subject TEXT, digest TEXT, media_type TEXT, size INTEGER, artifact_type TEXT,
  annotations TEXT, PRIMARY KEY (repository, subject, digest)) WITHOUT ROWID;
CREATE INDEX referrers_by_digest ON referrers (repository, digest);
CREATE TABLE uploads (id TEXT PRIMARY KEY, repository TEXT, algorithm TEXT, touched INTEGER) WITHOUT ROWID;
`

/**
 * Lock the database for this process and create the tables if it is new.
 *
 * @throws {ToolError} `E_IO` when the tables are of a version this program does not know.
 */
export function createSchema(database: DatabaseSync, durability: "full" | "fast"): void {
  ownDatabase(database, { sql: TABLES, version: SCHEMA_VERSION, durability, what: "storage folder" })
}
