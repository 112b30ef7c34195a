/** Predicate types for callers that may not know formats. */
export { resolvePredicateType } from "../formats/index.ts"
