import type { evaluateSigstore } from "../trust/sigstore/evaluate.ts"
import { loadedOnce } from "./loaded-once.ts"

export type { SigstoreJudgement, SigstoreQuestion } from "../trust/sigstore/evaluate.ts"
export type EvaluateSigstore = typeof evaluateSigstore

/** The evaluator and the X.509 code behind it, loaded when something needs them. */
export const loadEvaluator: () => Promise<EvaluateSigstore> = loadedOnce(
  async () => (await import("../trust/sigstore/evaluate.ts")).evaluateSigstore,
)
