import type { evaluateSigstore } from "../trust/sigstore/evaluate.ts"

export type { SigstoreJudgement, SigstoreQuestion } from "../trust/sigstore/evaluate.ts"
export type EvaluateSigstore = typeof evaluateSigstore

/** The evaluator and the X.509 code behind it, loaded when something needs them. */
export async function loadEvaluator(): Promise<EvaluateSigstore> {
  return (await import("../trust/sigstore/evaluate.ts")).evaluateSigstore
}
