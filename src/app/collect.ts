import { asToolError, type ToolError } from "../core/errors.ts"
import type { SignatureStore, StoreAnswer, Subject } from "../core/ports.ts"

/**
 * Ask signature stores for what is attached to a subject.
 *
 * One after another in the given order, so that a satisfied command costs few requests; the caller stops by leaving the
 * loop. The fallback tag is asked at once where the registry has no referrers API, and last where it has: content pushed
 * before an upgrade stays there (specs/registry.md 2.6 step 5).
 *
 * @param wanted - media types of the documents to read.
 */
export async function* askInTurn(
  stores: readonly SignatureStore[],
  subject: Subject,
  wanted: readonly string[],
): AsyncGenerator<StoreAnswer> {
  const later: SignatureStore[] = []
  let hasApi = false
  for (const store of stores) {
    if (store.kind === "referrers-tag" && hasApi) {
      later.push(store)
      continue
    }
    const answer = await ask(store, subject, wanted)
    if (store.kind === "referrers-api") hasApi = answer.report.outcome !== "unsupported"
    yield answer
  }
  for (const store of later) yield ask(store, subject, wanted)
}

/** Ask every store side by side; answers in store order. */
export async function askAll(
  stores: readonly SignatureStore[],
  subject: Subject,
  wanted: readonly string[],
): Promise<readonly StoreAnswer[]> {
  return Promise.all(stores.map((store) => ask(store, subject, wanted)))
}

/** SECURITY: a store that throws has failed; it never counts as one without signatures. */
async function ask(store: SignatureStore, subject: Subject, wanted: readonly string[]): Promise<StoreAnswer> {
  try {
    return await store.find(subject, wanted)
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
    signatures: [],
    others: [],
  }
}
