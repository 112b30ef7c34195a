import { equalBytes } from "../../codec/equal-bytes.ts"
import type { MetaFacts, MetaFile, RootFile, TargetsFile } from "./metadata.ts"
import { parseRoot, parseSnapshot, parseTargets, parseTimestamp, requireFacts } from "./metadata.ts"
import { requireSignatures, type RoleRule, type SignedFile } from "./signed-file.ts"
import { tufError } from "./tuf-error.ts"

type TimestampFile = ReturnType<typeof parseTimestamp>

/**
 * How a file that was verified before is taken in.
 *
 * - `cached`: it may have expired: what lies in the cache is used knowingly, without a network.
 * - `compare`: it need not be what newer metadata lists, either: newer files are compared with it.
 */
export type Taking = "new" | "cached" | "compare"

/**
 * Metadata of a repository that was verified, and the rules by which more of it is taken in. Pure: the time is that of
 * the beginning, whatever the clock does meanwhile.
 *
 * Spec: TUF section 5.
 */
export class TrustedMetadata {
  /** Milliseconds since the epoch. */
  readonly at: number
  #root: RootFile
  #timestamp: TimestampFile | undefined
  #snapshot: MetaFile | undefined
  readonly #targets = new Map<string, TargetsFile>()
  /** Top-level targets of the cache. */
  #formerTargets: TargetsFile | undefined

  /**
   * @param root - trusted by other means; must be signed by its own keys all the same.
   * @throws {ToolError} `E_TRUST_MALFORMED`.
   */
  constructor(root: Uint8Array, at: number) {
    this.#root = parseRoot(root)
    requireSignatures(this.#root, this.#root.roles.root, "root.json", "its own")
    this.at = at
  }

  get root(): RootFile {
    return this.#root
  }
  get timestamp(): TimestampFile | undefined {
    return this.#timestamp
  }
  get snapshot(): MetaFile | undefined {
    return this.#snapshot
  }
  /** Top-level targets. */
  get targets(): TargetsFile | undefined {
    return this.#targets.get("targets")
  }

  /**
   * Take in the next root: signed by the keys of the one before and by its own, and exactly one version on.
   *
   * @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_ROLLBACK`.
   */
  updateRoot(bytes: Uint8Array): void {
    const what = `root.json, version ${this.#root.version + 1},`
    const next = parseRoot(bytes, "root.json")
    requireSignatures(next, this.#root.roles.root, what, "the root before")
    requireSignatures(next, next.roles.root, what, "its own")
    if (next.version !== this.#root.version + 1) {
      throw tufError(
        next.version > this.#root.version ? "E_TRUST_MALFORMED" : "E_TRUST_ROLLBACK",
        "root.json has the wrong version",
        `saw version ${next.version}, expected ${this.#root.version + 1}`,
      )
    }
    this.#root = next
  }

  /** @throws {ToolError} `E_TRUST_STALE`. Roots between may have expired; the last one may not. */
  requireFreshRoot(): void {
    this.#requireFresh(this.#root, "root.json")
  }

  /**
   * Take in a timestamp. One of the version that is known is passed over, whatever it says, as the specification wants: what
   * is known stays, and must not have expired.
   *
   * @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_ROLLBACK`, `E_TRUST_STALE`.
   */
  updateTimestamp(bytes: Uint8Array, taking: Taking = "new"): void {
    const file = parseTimestamp(bytes)
    this.#requireRole(file, "timestamp")
    const former = this.#timestamp
    if (former !== undefined) {
      requireVersion(file, former, "timestamp.json")
      if (file.version > former.version) {
        requireVersion(file.snapshot, former.snapshot, "snapshot.json as timestamp.json lists it")
      }
    }
    const kept = former?.version === file.version ? former : file
    if (taking === "new") this.#requireFresh(kept, "timestamp.json")
    this.#timestamp = kept
  }

  /** @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_ROLLBACK`, `E_TRUST_STALE`. */
  updateSnapshot(bytes: Uint8Array, taking: Taking = "new"): void {
    const listed = this.#timestamp?.snapshot
    if (taking !== "compare" && listed !== undefined) requireFacts(bytes, listed, "snapshot.json")
    const file = parseSnapshot(bytes)
    this.#requireRole(file, "snapshot")
    if (taking !== "compare") requireListed(file, listed, "snapshot.json")
    const former = this.#snapshot
    if (former !== undefined) {
      requireNotOlder(file, former, "snapshot.json")
      for (const [name, facts] of former.meta) {
        requireVersion(file.meta.get(name), facts, `${name} as snapshot.json lists it`)
      }
    }
    if (taking === "new") this.#requireFresh(file, "snapshot.json")
    this.#snapshot = file
  }

  /**
   * Top-level targets of the cache, to compare with.
   *
   * Only the same version counts: whether a version may go down says the snapshot, whose keys are exchanged to recover
   * from one that was too high.
   *
   * @throws {ToolError} `E_TRUST_MALFORMED`.
   */
  rememberTargets(bytes: Uint8Array): void {
    const file = parseTargets(bytes)
    this.#requireRole(file, "targets")
    this.#formerTargets = file
  }

  /** @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_ROLLBACK`, `E_TRUST_STALE`. */
  updateTargets(bytes: Uint8Array, taking: Taking = "new"): TargetsFile {
    const file = this.#takeTargets(bytes, "targets", this.#root.roles.targets, "the root", taking)
    if (this.#formerTargets !== undefined) requireUnchanged(file, this.#formerTargets, "targets.json")
    this.#targets.set("targets", file)
    return file
  }

  /**
   * Verify metadata of a delegated role as one of its parents demands; another parent may demand something else.
   *
   * @throws {ToolError} `E_TRUST_MALFORMED`, `E_TRUST_STALE`.
   */
  delegatedTargets(
    bytes: Uint8Array,
    role: string,
    rule: RoleRule,
    parent: string,
    taking: Taking = "new",
  ): TargetsFile {
    return this.#takeTargets(bytes, role, rule, parent, taking)
  }

  /** What the snapshot says of a role's file. @throws {ToolError} `E_TRUST_MALFORMED` when it does not list it. */
  listed(role: string): MetaFacts {
    const facts = this.#snapshot?.meta.get(`${role}.json`)
    if (facts !== undefined) return facts
    throw tufError(
      "E_TRUST_MALFORMED",
      `no metadata of the role ${JSON.stringify(role)}`,
      "snapshot.json does not list it",
    )
  }

  #takeTargets(bytes: Uint8Array, role: string, rule: RoleRule, by: string, taking: Taking): TargetsFile {
    const what = `${role}.json`
    const facts = this.listed(role)
    requireFacts(bytes, facts, what)
    const file = parseTargets(bytes, what)
    requireSignatures(file, rule, what, by)
    requireListed(file, facts, what)
    if (taking === "new") this.#requireFresh(file, what)
    return file
  }

  #requireRole(file: SignedFile, role: "timestamp" | "snapshot" | "targets"): void {
    requireSignatures(file, this.#root.roles[role], `${role}.json`, "the root")
  }

  #requireFresh({ expires, version }: SignedFile, what: string): void {
    if (expires > this.at) return
    throw tufError(
      "E_TRUST_STALE",
      `${what} has expired`,
      `version ${version} expired at ${new Date(expires).toISOString()}, it is ${new Date(this.at).toISOString()}`,
    )
  }
}

function requireListed({ version }: SignedFile, listed: MetaFacts | undefined, what: string): void {
  if (version === listed?.version) return
  throw tufError(
    version < (listed?.version ?? 0) ? "E_TRUST_ROLLBACK" : "E_TRUST_MALFORMED",
    `${what} has the wrong version`,
    `saw version ${version}, expected ${listed?.version ?? "one that is listed"}`,
  )
}

/** Refuse a lower version, and the same version with other content. */
function requireNotOlder(file: SignedFile, former: SignedFile, what: string): void {
  requireVersion(file, former, what)
  requireUnchanged(file, former, what)
}

/** Refuse other content under a version that was seen. */
function requireUnchanged(file: SignedFile, former: SignedFile, what: string): void {
  if (file.version !== former.version) return
  if (equalBytes(file.message, former.message)) return
  throw tufError(
    "E_TRUST_ROLLBACK",
    `${what} changed without a new version`,
    `version ${file.version} was seen before with other content`,
  )
}

function requireVersion(seen: { version: number } | undefined, former: { version: number }, what: string): void {
  if (seen !== undefined && seen.version >= former.version) return
  throw tufError(
    "E_TRUST_ROLLBACK",
    `${what} is older than what is known`,
    `saw ${seen === undefined ? "none" : `version ${seen.version}`}, version ${former.version} was seen before`,
  )
}
