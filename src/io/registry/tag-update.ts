import type { Descriptor, FetchedManifest } from "../../core/descriptor.ts"
import type { ErrorCode } from "../../core/error-catalogue.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import type { TagChange, TagState, TagWrite } from "../../core/ports.ts"
import { failureError, isImmutable } from "./answers.ts"
import type { BlobUploads } from "./blob-push.ts"
import { randomBetween, type RepositoryContext } from "./context.ts"
import { putManifest, type PushOutcome } from "./manifest-push.ts"
import { getManifest } from "./manifests.ts"

/** Rounds of reading and writing before giving up; a hundred writers of one tag need about a hundred. */
const MAX_ROUNDS = 200
/** Milliseconds between reading and writing after which the state is read again: somebody may have written meanwhile. */
const STALE_MS = 50
/** Reads in a row that must show our change where the registry ignores conditions. */
const CONFIRMATIONS = 3
/** Failed reads in a row that are put down to somebody writing at the same time. */
const MAX_FAILED_READS = 8
/** Reads in a row saying that a tag is gone which was there a moment ago, until that is believed. */
const MAX_GONE_READS = 5
/** Refused writes over one unchanged state until conditions are given up: the refusals are about something else. */
const MAX_GROUNDLESS = 3

/** Longest pause between two rounds, milliseconds. */
const MAX_PAUSE_MS = 3000

/** Failed writes in a row that are put down to somebody writing at the same time. */
const MAX_FAILED_WRITES = 12

/** Statuses that a racing writer can cause; dealt with here, not by the HTTP client's slow retries. */
export const RACING: readonly number[] = [409, 412, 500, 502, 503, 504]

/** Read errors that a registry gives while it replaces a tag. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "E_REGISTRY_UNAVAILABLE",
  "E_REGISTRY_PROTOCOL",
  "E_FORMAT_MALFORMED",
  "E_NET_CONNECT",
  "E_NET_TIMEOUT",
])

/** Result of {@link updateTag}. */
export interface TagUpdate {
  readonly descriptor: Descriptor
  readonly repairs: number
}

/**
 * Read, change and write a tag without losing anybody's change, as far as HTTP allows.
 *
 * Writes are conditional. Where the registry is known to honour this kind of condition one accepted write is enough;
 * elsewhere the tag is read again until it held our change three times in a row, and written again when somebody
 * overwrote it.
 *
 * @param change - see `ContentStore.updateTag`.
 * @throws {ToolError} `E_REGISTRY_CONFLICT` when others never let go; `E_REGISTRY_TAG_IMMUTABLE`; the last error when
 *   the tag can be neither read nor written: a failed read is never taken for an absent tag.
 *
 * Spec: OCI distribution-spec "Pushing Manifests with Subject"; RFC 9110 section 13 for the conditions.
 */
export async function updateTag(
  context: RepositoryContext,
  uploads: BlobUploads,
  tag: string,
  change: TagChange,
  holds: (manifest: FetchedManifest) => boolean | Promise<boolean>,
  signal?: AbortSignal,
): Promise<TagUpdate> {
  const run = new TagRun(context, uploads, tag, signal)
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const state = await run.read()
    if (state === "unclear") {
      await run.pause()
      continue
    }
    if (run.writes > 0 && state !== undefined && (await holds(state.manifest))) {
      if (++run.confirmed >= CONFIRMATIONS) return run.result(state.manifest.descriptor)
      await context.sleep(randomBetween(context.randomness, 150, 400), signal)
      continue
    }
    const wanted = await change(state?.manifest)
    if (wanted === undefined) return run.result(unchanged(tag, state))
    if (!(await run.prepare(wanted, state))) continue
    const descriptor = await run.write(wanted, state)
    if (descriptor !== undefined && run.settled(state)) return run.result(descriptor)
    await run.pause()
  }
  throw new ToolError("E_REGISTRY_CONFLICT", {
    what: `tag ${tag} of ${context.name} could not be updated`,
    why: `others changed it again and again, ${MAX_ROUNDS} rounds long`,
    details: { repository: context.name, tag, writes: run.writes },
  })
}

function unchanged(tag: string, state: TagState | undefined): Descriptor {
  if (state !== undefined) return state.manifest.descriptor
  throw new ToolError("E_REF_TAG_NOT_FOUND", { what: `tag ${tag} does not exist`, why: "there was nothing to change" })
}

/** What one update has seen and done so far. */
class TagRun {
  readonly #context: RepositoryContext
  readonly #uploads: BlobUploads
  readonly #tag: string
  readonly #signal: AbortSignal | undefined
  #readAt = 0
  #seen = false
  #gone = 0
  #failedReads = 0
  #failedWrites = 0
  #refused: string | undefined
  #groundless = 0
  #unconditional = false
  #conflicts = 0
  writes = 0
  confirmed = 0

  constructor(context: RepositoryContext, uploads: BlobUploads, tag: string, signal: AbortSignal | undefined) {
    this.#context = context
    this.#uploads = uploads
    this.#tag = tag
    this.#signal = signal
  }

  /** Current state, `undefined` when there is surely no tag, or `unclear`. */
  async read(): Promise<TagState | "unclear" | undefined> {
    let state: TagState | undefined
    this.#readAt = this.#context.clock.now()
    try {
      state = await getManifest(this.#context, this.#tag, { signal: this.#signal, accept: RACING })
    } catch (thrown) {
      const error = asToolError(thrown)
      if (!PASSING.has(error.code) || ++this.#failedReads >= MAX_FAILED_READS) throw thrown
      this.#context.logger.debug("registry.tag.read-again", { tag: this.#tag, code: error.code })
      return "unclear"
    }
    this.#failedReads = 0
    if (state === undefined) return this.#seen && ++this.#gone <= MAX_GONE_READS ? "unclear" : undefined
    this.#seen = true
    this.#gone = 0
    return state
  }

  /**
   * Upload what the new manifest needs.
   *
   * @returns false when that took long and the tag changed meanwhile: the change must be made again. Where conditions
   *   are ignored a late write would wipe out somebody who has confirmed his and gone.
   */
  async prepare(wanted: TagWrite, state: TagState | undefined): Promise<boolean> {
    const since = this.#readAt
    for (const { descriptor, source } of wanted.blobs ?? []) {
      await this.#uploads.push(descriptor, source, this.#signal)
    }
    if (this.#context.clock.now() - since < STALE_MS || this.settled(state)) return true
    const again = await this.read()
    return again !== "unclear" && again?.manifest.descriptor.digest === state?.manifest.descriptor.digest
  }

  /** @returns what was written; `undefined` when somebody was faster or the registry is busy. */
  async write(wanted: TagWrite, state: TagState | undefined): Promise<Descriptor | undefined> {
    const outcome = await putManifest(this.#context, this.#uploads, wanted.bytes, wanted.mediaType, {
      tag: this.#tag,
      condition: this.#condition(state),
      accept: RACING,
      signal: this.#signal,
    })
    if (!outcome.ok) {
      this.#lost(outcome, state)
      return undefined
    }
    this.writes++
    this.#failedWrites = 0
    this.confirmed = 0
    this.#seen = true
    return outcome.descriptor
  }

  /** Whether an accepted write over `state` needs no confirmation. */
  settled(state: TagState | undefined): boolean {
    const [kind] = conditionKinds(this.#condition(state))
    return kind !== undefined && this.#context.learned.recall(kind, this.#context.origin.key) === true
  }

  result(descriptor: Descriptor): TagUpdate {
    return { descriptor, repairs: Math.max(0, this.writes - 1) + this.#conflicts }
  }

  /** The more often others were in the way, the longer: many writers must thin out before anybody gets through. */
  async pause(): Promise<void> {
    this.#signal?.throwIfAborted()
    const tries = this.writes + this.#conflicts + this.#failedReads
    const high = Math.min(80 * 1.5 ** tries, MAX_PAUSE_MS)
    await this.#context.sleep(randomBetween(this.#context.randomness, 20, high), this.#signal)
  }

  #condition(state: TagState | undefined): Readonly<Record<string, string>> {
    if (this.#unconditional) return {}
    if (state === undefined) return { "if-none-match": "*" }
    // A weak tag never matches If-Match (RFC 9110 section 13.1.1).
    return state.etag === undefined || state.etag.startsWith("W/") ? {} : { "if-match": state.etag }
  }

  #lost(outcome: Extract<PushOutcome, { ok: false }>, state: TagState | undefined): void {
    const { failure } = outcome
    this.#failedWrites = failure.status < 500 ? 0 : this.#failedWrites + 1
    const broken = this.#failedWrites >= MAX_FAILED_WRITES
    if (broken || isImmutable(failure) || !RACING.includes(failure.status)) {
      throw failureError(failure, `change tag ${this.#tag}`, this.#context.name)
    }
    this.#conflicts++
    if (failure.status !== 412) return
    const kinds = conditionKinds(this.#condition(state))
    const seen = state?.manifest.descriptor.digest ?? "none"
    this.#groundless = seen === this.#refused ? this.#groundless + 1 : 1
    this.#refused = seen
    this.#unconditional = this.#groundless >= MAX_GROUNDLESS
    // SECURITY: a registry that heeds one kind of condition may ignore the other, and lose a signature by it.
    for (const kind of kinds) this.#context.learned.note(kind, this.#context.origin.key, !this.#unconditional)
  }
}

/** The kinds of condition among request headers. */
function conditionKinds(condition: Readonly<Record<string, string>>): readonly ("if-match" | "if-none-match")[] {
  return (["if-match", "if-none-match"] as const).filter((kind) => Object.hasOwn(condition, kind))
}
