import { asToolError, type ToolError } from "../core/errors.ts"
import { limits } from "../core/limits.ts"
import type { DocumentReader, RawSignature, SignatureStore, StoreAnswer, Subject } from "../core/ports.ts"

/** What is asked of every store. */
export interface Question {
  readonly subject: Subject
  /** Media types of the documents to read. */
  readonly wanted: readonly string[]
  /** Largest attachment the caller reads, bytes; the subject's documents together may have at least as many. */
  readonly attachmentBytes: number
  /** Gets each document, store by store and in order within a store; keeps nothing of its bytes. */
  take(raw: RawSignature, store: SignatureStore): void | Promise<void>
}

/**
 * Ask signature stores for what is attached to a subject.
 *
 * One after another in the given order, so that a satisfied command costs few requests; the caller stops by leaving the
 * loop. The referrers tag is asked at once where the registry has no referrers API, and last where it has: content
 * pushed before an upgrade stays there (specs/registry.md 2.6 step 5).
 */
export async function* askInTurn(stores: readonly SignatureStore[], question: Question): AsyncGenerator<StoreAnswer> {
  const later: SignatureStore[] = []
  const spend = budget(question)
  let hasApi = false
  for (const store of stores) {
    if (store.kind === "referrers-tag" && hasApi) {
      later.push(store)
      continue
    }
    const answer = await ask(store, question, { turn: () => Promise.resolve(), spend })
    if (store.kind === "referrers-api") hasApi = answer.report.outcome !== "unsupported"
    yield answer
  }
  for (const store of later) yield ask(store, question, { turn: () => Promise.resolve(), spend })
}

/** Ask every store side by side; documents are read store by store, and answers come in store order. */
export async function askAll(stores: readonly SignatureStore[], question: Question): Promise<readonly StoreAnswer[]> {
  const spend = budget(question)
  const answers: Promise<StoreAnswer>[] = []
  for (const store of stores) {
    const earlier = Promise.all(answers)
    answers.push(ask(store, question, { turn: () => earlier.then(() => undefined), spend }))
  }
  return Promise.all(answers)
}

/** Bytes that may be read for one subject, whichever stores they lie in. */
function budget({ attachmentBytes }: Question): DocumentReader["spend"] {
  let left = Math.max(limits.subjectBytes, attachmentBytes)
  return (bytes) => {
    if (bytes > left) return false
    left -= bytes
    return true
  }
}

/** SECURITY: a store that throws has failed; it never counts as one without signatures. */
async function ask(
  store: SignatureStore,
  question: Question,
  reader: Omit<DocumentReader, "take">,
): Promise<StoreAnswer> {
  try {
    return await store.find(question.subject, question.wanted, {
      ...reader,
      take: (raw) => question.take(raw, store),
    })
  } catch (thrown) {
    return failedAnswer(store, asToolError(thrown))
  }
}

function failedAnswer(store: SignatureStore, error: ToolError): StoreAnswer {
  return {
    report: {
      store: store.kind,
      where: "",
      outcome: "failed",
      count: 0,
      error: { code: error.code, message: error.message },
    },
    others: [],
  }
}
