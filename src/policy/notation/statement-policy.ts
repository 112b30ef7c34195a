import type { NotationAuthority, TrustPolicy } from "../model.ts"
import type { PolicyStatement } from "./document.ts"

/** What a statement asks beyond itself. */
export interface StatementOptions {
  /** Formats that satisfy, as reports name them. */
  readonly formats: readonly string[]
  /** User metadata that must be signed with exactly these values. */
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * A statement as the one authority of the policy model.
 *
 * @param statement - not of level skip: that one trusts nobody and asks for nobody.
 */
function statementAuthority(statement: PolicyStatement, options: StatementOptions): NotationAuthority {
  return {
    family: "notation",
    name: statement.name,
    formats: options.formats,
    kind: "signature",
    stores: statement.stores,
    identities: statement.identities,
    levelName: statement.levelName,
    actions: statement.actions,
    verifyTimestamp: statement.verifyTimestamp ?? "always",
    annotations: options.annotations ?? {},
  }
}

/** A statement as a whole policy: its authority is required, and at level skip everything passes. */
export function policyFromStatement(statement: PolicyStatement, options: StatementOptions): TrustPolicy {
  const { name } = statement
  if (statement.levelName === "skip") {
    return { name, authorities: [], rules: [{ name, require: { static: "pass" }, mode: "enforce" }] }
  }
  return {
    name,
    authorities: [statementAuthority(statement, options)],
    rules: [{ name, require: name, mode: "enforce" }],
  }
}
