import { goQuote } from "../../codec/go-quote.ts"
import { ToolError } from "../../core/errors.ts"
import type { Validation, ValidationAction } from "../../core/certified.ts"

/** A verification level: what each validation does when it fails. */
export interface VerificationLevel {
  /** Name of the table below, or `custom` when something was overridden. */
  readonly levelName: LevelName | "custom"
  readonly actions: Readonly<Record<Validation, ValidationAction>>
}

/** Levels a statement can name. */
export type LevelName = "strict" | "permissive" | "audit" | "skip"

/** Every validation, in the order messages list them. */
const VALIDATIONS: readonly Validation[] = ["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"]

const ACTIONS: readonly ValidationAction[] = ["enforce", "log", "skip"]

function level(levelName: LevelName, ...actions: readonly ValidationAction[]): VerificationLevel {
  const [integrity = "enforce", authenticity = "enforce", authenticTimestamp = "enforce"] = actions
  const [, , , expiry = "enforce", revocation = "enforce"] = actions
  return { levelName, actions: { integrity, authenticity, authenticTimestamp, expiry, revocation } }
}

/** The levels of the trust policy specification, by name. */
const levels: ReadonlyMap<string, VerificationLevel> = new Map([
  ["strict", level("strict", "enforce", "enforce", "enforce", "enforce", "enforce")],
  ["permissive", level("permissive", "enforce", "enforce", "log", "log", "log")],
  ["audit", level("audit", "enforce", "log", "log", "log", "log")],
  ["skip", level("skip", "skip", "skip", "skip", "skip", "skip")],
])

/**
 * The level a statement asks for.
 *
 * @param name - `level` of the document; empty when it has none.
 * @param override - pairs of `override`, in the document's order.
 * @throws {ToolError} `E_POLICY_INVALID` in notation's words.
 *
 * Spec: Notary Project trust policy, signature verification details.
 */
export function verificationLevel(name: string, override: readonly (readonly [string, string])[]): VerificationLevel {
  if (name === "") throw bad("signature verification level is empty or missing in the trust policy statement")
  const base = levels.get(name)
  if (base === undefined) throw bad(`invalid signature verification level ${goQuote(name)}`)
  if (override.length === 0) return base
  if (base.levelName === "skip") {
    throw bad(`signature verification level ${goQuote(name)} can't be used to customize signature verification`)
  }
  const actions = { ...base.actions }
  for (const [key, value] of override) {
    const { validation, action } = overridden(key, value)
    actions[validation] = action
  }
  return { levelName: "custom", actions }
}

function overridden(key: string, value: string): { validation: Validation; action: ValidationAction } {
  const validation = VALIDATIONS.find((known) => known === key)
  if (validation === undefined) throw unsupported("type", key, VALIDATIONS)
  const action = ACTIONS.find((known) => known === value)
  if (action === undefined) throw unsupported("action", value, ACTIONS)
  if (validation === "integrity") {
    throw bad(`${goQuote(key)} verification can not be overridden in custom signature verification`)
  }
  if (validation !== "revocation" && action === "skip") {
    throw bad(`${goQuote(key)} verification can not be skipped in custom signature verification`)
  }
  return { validation, action }
}

function unsupported(kind: string, seen: string, supported: readonly string[]): ToolError {
  return bad(
    `verification ${kind} ${goQuote(seen)} in custom signature verification is not supported, ` +
      `supported values are [${supported.map(goQuote).join(" ")}]`,
  )
}

function bad(what: string): ToolError {
  return new ToolError("E_POLICY_INVALID", { what })
}
