import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite"
import type { Digest, DigestAlgorithm } from "../../../core/digest.ts"
import { ToolError } from "../../../core/errors.ts"
import type {
  DeleteOutcome,
  ManifestFacts,
  ManifestWrite,
  Page,
  PageQuery,
  Precondition,
  Referrer,
  ReferrerFacts,
  ReferrersQuery,
} from "./storage.ts"
import { databaseFault, preparedStatements, takenError } from "../../own-database.ts"
import { createSchema } from "./schema.ts"

type Row = Record<string, SQLOutputValue>

/** An upload session as it is remembered across restarts. `touched` is milliseconds since the epoch. */
export interface UploadRow {
  readonly id: string
  readonly repository: string
  readonly algorithm: DigestAlgorithm
  readonly touched: number
}

/**
 * Which repository links what, in SQLite. Calls are synchronous, so a transaction can never be interleaved with another
 * one: this is the single writer that makes tag changes compare-and-set.
 */
export class Metadata {
  readonly #database: DatabaseSync
  readonly #statement: (sql: string) => StatementSync
  readonly #durable: boolean

  /**
   * @param path - file, or `:memory:`. The file is locked until {@link close}, also against other processes.
   * @param durability - `full` flushes each transaction to the disk before it returns.
   * @throws {ToolError} `E_STORAGE_LOCKED` when somebody else has the file open.
   */
  constructor(path: string, durability: "full" | "fast") {
    this.#durable = durability === "full"
    this.#database = new DatabaseSync(path)
    this.#statement = preparedStatements(this.#database)
    try {
      createSchema(this.#database, durability)
    } catch (cause) {
      this.#database.close()
      throw storageError("open the index", cause)
    }
  }

  close(): void {
    this.#database.close()
  }

  hasRepository(repository: string): boolean {
    return this.#get("SELECT 1 FROM repositories WHERE name = ?", repository) !== undefined
  }

  listRepositories(query: PageQuery): Page<string> {
    return this.#page("SELECT name AS item FROM repositories WHERE name > ? ORDER BY name LIMIT ?", [], query)
  }

  blobSize(repository: string, digest: Digest): number | undefined {
    const row = this.#get("SELECT size FROM blobs WHERE repository = ? AND digest = ?", repository, digest)
    return row === undefined ? undefined : Number(row["size"])
  }

  repositoriesWithBlob(digest: Digest, limit: number): readonly string[] {
    return this.#all("SELECT repository FROM blobs WHERE digest = ? LIMIT ?", digest, limit).map(
      (row) => row["repository"] as string,
    )
  }

  linkBlob(repository: string, digest: Digest, size: number): void {
    this.#transaction(() => {
      this.#run("INSERT OR IGNORE INTO repositories (name) VALUES (?)", repository)
      this.#run("INSERT OR REPLACE INTO blobs (repository, digest, size) VALUES (?, ?, ?)", repository, digest, size)
    })
  }

  unlinkBlob(repository: string, digest: Digest): boolean {
    return this.#run("DELETE FROM blobs WHERE repository = ? AND digest = ?", repository, digest) > 0
  }

  resolveTag(repository: string, tag: string): Digest | undefined {
    const row = this.#get("SELECT digest FROM tags WHERE repository = ? AND tag = ?", repository, tag)
    return row?.["digest"] as Digest | undefined
  }

  manifestFacts(repository: string, digest: Digest): ManifestFacts | undefined {
    const row = this.#get(
      "SELECT media_type, size FROM manifests WHERE repository = ? AND digest = ?",
      repository,
      digest,
    )
    return row === undefined ? undefined : { digest, mediaType: row["media_type"] as string, size: Number(row["size"]) }
  }

  /** @returns false when the precondition refused. */
  writeManifest(repository: string, write: ManifestWrite, at: number): boolean {
    return this.#transaction(() => {
      const { digest, mediaType, size } = write.manifest
      if (!this.#allowed(repository, write)) return false
      this.#run("INSERT OR IGNORE INTO repositories (name) VALUES (?)", repository)
      this.#run(
        "INSERT OR REPLACE INTO manifests (repository, digest, media_type, size, pushed) VALUES (?, ?, ?, ?, ?)",
        repository,
        digest,
        mediaType,
        size,
        at,
      )
      if (write.referrer !== undefined) {
        this.#putReferrer("main.referrers", repository, write.manifest, write.referrer)
      }
      for (const tag of write.tags) {
        this.#run("INSERT OR REPLACE INTO tags (repository, tag, digest) VALUES (?, ?, ?)", repository, tag, digest)
      }
      return true
    })
  }

  #allowed(repository: string, write: ManifestWrite): boolean {
    if (write.tags.length > 0) return write.tags.every((tag) => write.precondition(this.resolveTag(repository, tag)))
    return write.precondition(this.manifestFacts(repository, write.manifest.digest)?.digest)
  }

  #putReferrer(table: string, repository: string, manifest: ManifestFacts, referrer: ReferrerFacts): void {
    this.#run(
      `INSERT OR REPLACE INTO ${table} (repository, subject, digest, media_type, size, artifact_type, annotations) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      repository,
      referrer.subject,
      manifest.digest,
      manifest.mediaType,
      manifest.size,
      referrer.artifactType ?? null,
      referrer.annotations ?? null,
    )
  }

  deleteManifest(repository: string, digest: Digest, precondition: Precondition): DeleteOutcome {
    return this.#transaction(() => {
      const facts = this.manifestFacts(repository, digest)
      if (!precondition(facts?.digest)) return "refused"
      if (facts === undefined) return "missing"
      this.#run("DELETE FROM manifests WHERE repository = ? AND digest = ?", repository, digest)
      this.#run("DELETE FROM tags WHERE repository = ? AND digest = ?", repository, digest)
      this.#run("DELETE FROM referrers WHERE repository = ? AND digest = ?", repository, digest)
      return "deleted"
    })
  }

  deleteTag(repository: string, tag: string, precondition: Precondition): DeleteOutcome {
    return this.#transaction(() => {
      const current = this.resolveTag(repository, tag)
      if (!precondition(current)) return "refused"
      if (current === undefined) return "missing"
      this.#run("DELETE FROM tags WHERE repository = ? AND tag = ?", repository, tag)
      return "deleted"
    })
  }

  listTags(repository: string, query: PageQuery): Page<string> {
    const sql = "SELECT tag AS item FROM tags WHERE repository = ? AND tag > ? ORDER BY tag LIMIT ?"
    return this.#page(sql, [repository], query)
  }

  /** SECURITY: rows are read one at a time, so that a page never costs more memory than its bytes and one row. */
  listReferrers(repository: string, subject: Digest, query: ReferrersQuery): Page<Referrer> {
    const filter = query.artifactType === undefined ? "" : " AND artifact_type = ?"
    const rows = this.#iterate(
      `SELECT digest, media_type, size, artifact_type, annotations, octet_length(annotations) AS bytes FROM referrers WHERE repository = ? AND subject = ?${filter} AND digest > ? ORDER BY digest`,
      repository,
      subject,
      ...(query.artifactType === undefined ? [] : [query.artifactType]),
      query.after ?? "",
    )
    const items: Referrer[] = []
    let bytes = 0
    for (const row of rows) {
      bytes += Number(row["bytes"] ?? 0)
      if (items.length >= query.limit || (items.length > 0 && bytes > query.maxBytes)) return { items, more: true }
      items.push(referrerOf(row))
    }
    return { items, more: false }
  }

  /** Every manifest of every repository, to derive the referrers lists again. */
  allManifests(): readonly (ManifestFacts & { readonly repository: string })[] {
    return this.#all("SELECT repository, digest, media_type, size FROM manifests").map((row) => ({
      repository: row["repository"] as string,
      digest: row["digest"] as Digest,
      mediaType: row["media_type"] as string,
      size: Number(row["size"]),
    }))
  }

  /** Collect one entry of new referrers lists, outside of memory, until {@link adoptReferrers}. */
  stageReferrer(repository: string, manifest: ManifestFacts, referrer: ReferrerFacts): void {
    this.#putReferrer("temp.staged_referrers", repository, manifest, referrer)
  }

  /** Forget what was staged. */
  stageNoReferrers(): void {
    this.#guard(() => {
      this.#database.exec("CREATE TEMP TABLE IF NOT EXISTS staged_referrers AS SELECT * FROM main.referrers WHERE 0")
      this.#database.exec("DELETE FROM temp.staged_referrers")
    })
  }

  /** Replace all referrers lists at once by what was staged. */
  adoptReferrers(): void {
    this.#transaction(() => {
      this.#run("DELETE FROM main.referrers")
      this.#run("INSERT OR REPLACE INTO main.referrers SELECT * FROM temp.staged_referrers")
    })
    this.stageNoReferrers()
  }

  /** Remember an upload session. Lost in a power failure, which only makes the client start again. */
  putUpload(row: UploadRow): void {
    this.#relaxed(() =>
      this.#run(
        "INSERT OR REPLACE INTO uploads (id, repository, algorithm, touched) VALUES (?, ?, ?, ?)",
        row.id,
        row.repository,
        row.algorithm,
        row.touched,
      ),
    )
  }

  upload(id: string): UploadRow | undefined {
    const row = this.#get("SELECT id, repository, algorithm, touched FROM uploads WHERE id = ?", id)
    return row === undefined ? undefined : uploadOf(row)
  }

  /** Sessions there are in all and in one repository. */
  uploadCounts(repository: string): { readonly all: number; readonly repository: number } {
    const row = this.#get(
      "SELECT count(*) AS n, count(*) FILTER (WHERE repository = ?) AS mine FROM uploads",
      repository,
    )
    return { all: Number(row?.["n"] ?? 0), repository: Number(row?.["mine"] ?? 0) }
  }

  /** Sessions not touched since `before`, of one repository or all, least recently touched first. */
  uploadsBefore(before: number, repository: string | undefined, limit: number): readonly UploadRow[] {
    const filter = repository === undefined ? "" : " AND repository = ?"
    return this.#all(
      `SELECT id, repository, algorithm, touched FROM uploads WHERE touched < ?${filter} ORDER BY touched LIMIT ?`,
      before,
      ...(repository === undefined ? [] : [repository]),
      limit,
    ).map(uploadOf)
  }

  removeUpload(id: string): void {
    this.#relaxed(() => this.#run("DELETE FROM uploads WHERE id = ?", id))
  }

  #page(sql: string, parameters: readonly string[], query: PageQuery): Page<string> {
    const rows = this.#all(sql, ...parameters, query.after ?? "", query.limit + 1)
    return cut(
      rows.map((row) => row["item"] as string),
      query.limit,
    )
  }

  #relaxed<Result>(work: () => Result): Result {
    if (!this.#durable) return work()
    this.#database.exec("PRAGMA synchronous = NORMAL")
    try {
      return work()
    } finally {
      this.#database.exec("PRAGMA synchronous = FULL")
    }
  }

  #transaction<Result>(work: () => Result): Result {
    try {
      this.#database.exec("BEGIN IMMEDIATE")
      try {
        const result = work()
        this.#database.exec("COMMIT")
        return result
      } catch (cause) {
        if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
        throw cause
      }
    } catch (cause) {
      throw storageError("change the index", cause)
    }
  }

  #get(sql: string, ...parameters: (string | number)[]): Row | undefined {
    return this.#guard(() => this.#statement(sql).get(...parameters))
  }

  #all(sql: string, ...parameters: (string | number)[]): Row[] {
    return this.#guard(() => this.#statement(sql).all(...parameters))
  }

  *#iterate(sql: string, ...parameters: (string | number)[]): Generator<Row> {
    try {
      // A statement of its own: another reader of the same one would start it again.
      yield* this.#database.prepare(sql).iterate(...parameters) as Iterable<Row>
    } catch (cause) {
      throw storageError("use the index", cause)
    }
  }

  #run(sql: string, ...parameters: (string | number | null)[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...parameters).changes))
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work()
    } catch (cause) {
      throw storageError("use the index", cause)
    }
  }
}

function cut<Item>(items: readonly Item[], limit: number): Page<Item> {
  return { items: items.slice(0, limit), more: items.length > limit }
}

function uploadOf(row: Row): UploadRow {
  return {
    id: row["id"] as string,
    repository: row["repository"] as string,
    algorithm: row["algorithm"] as DigestAlgorithm,
    touched: Number(row["touched"]),
  }
}

function referrerOf(row: Row): Referrer {
  return {
    digest: row["digest"] as Digest,
    mediaType: row["media_type"] as string,
    size: Number(row["size"]),
    artifactType: (row["artifact_type"] as string | null) ?? undefined,
    annotations: (row["annotations"] as string | null) ?? undefined,
  }
}

function storageError(doing: string, cause: unknown): unknown {
  if (cause instanceof ToolError) return cause
  const fault = databaseFault(cause)
  if (fault === "taken") return takenError("the storage folder", cause)
  return new ToolError("E_IO", {
    what: `cannot ${doing} of the registry`,
    why: cause instanceof Error ? cause.message : String(cause),
    details: fault === "full" ? { errno: "ENOSPC" } : {},
    cause,
  })
}
