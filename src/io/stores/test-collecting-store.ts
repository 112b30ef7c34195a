import type { RawSignature, SignatureStore, StoreAnswer, Subject } from "../../core/ports.ts"
import type { StoreKind } from "../../core/report.ts"

/** An answer and the documents that came before it. */
export type Collected = StoreAnswer & { readonly signatures: readonly RawSignature[] }

/** A store for tests that hands out its documents with the answer. */
export interface CollectingStore {
  readonly kind: StoreKind
  find(subject: Subject, wanted: readonly string[], signal?: AbortSignal): Promise<Collected>
}

/** @param budget - bytes that may be read. */
export function collecting(store: SignatureStore, budget: number = Number.MAX_SAFE_INTEGER): CollectingStore {
  return {
    kind: store.kind,
    async find(subject, wanted, signal) {
      const signatures: RawSignature[] = []
      let left = budget
      const answer = await store.find(
        subject,
        wanted,
        {
          turn: () => Promise.resolve(),
          spend: (bytes) => bytes <= left && ((left -= bytes), true),
          take: (raw) => {
            signatures.push(raw)
          },
        },
        signal,
      )
      return { ...answer, signatures }
    },
  }
}
