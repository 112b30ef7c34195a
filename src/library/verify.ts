import { parseTarget } from "../app/parse-target.ts"
import type { VerifyResult } from "../app/requests.ts"
import { verifyArtifacts } from "../app/verify.ts"
import { resolvePredicateType } from "../app/predicate-types.ts"
import { checkOptions, openLibrary, type CommonOptions } from "./options.ts"

export interface VerifyOptions extends CommonOptions {
  /** Public keys as paths, `env://NAME` or https URLs; any of them may have signed. At least one. */
  readonly keys: readonly string[]
  /** Verify attestations of this type (a word such as `vuln`, or a URI) instead of signatures. */
  readonly attestation?: string
  /** Read every place even after the answer is clear. */
  readonly everything?: boolean
}

const OPTIONS: Readonly<Record<keyof VerifyOptions, true>> = {
  artifacts: true,
  formats: true,
  annotations: true,
  recursive: true,
  signatureRepository: true,
  registry: true,
  keys: true,
  attestation: true,
  everything: true,
}

/**
 * Verify artifacts. A negative answer is a value: look at `report.artifacts[n].state`.
 *
 * @returns the report, and per artifact what was authenticated (empty unless verified) and the first error.
 * @throws {ToolError} `E_USAGE`, `E_TRUST_MISSING`, `E_REF_INVALID`, `E_KEY_*`.
 *
 * @example
 * ```ts
 * const { report } = await verify({ artifacts: ["registry.example/app:1.0"], keys: ["cosign.pub"] })
 * if (report.artifacts[0]?.state !== "verified") throw new Error("not verified")
 * ```
 */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  checkOptions(options, OPTIONS)
  const { attestation, signatureRepository } = options
  const targets = options.artifacts.map(parseTarget)
  const { app, close } = openLibrary(options.registry, { targets, signatureRepository })
  try {
    return await verifyArtifacts(app, {
      targets,
      kind: attestation === undefined ? "signature" : "attestation",
      keys: await Promise.all(options.keys.map(async (name) => ({ name, key: await app.keys.publicKey(name) }))),
      formats: options.formats ?? ["cosign-v3", "cosign-v2"],
      annotations: options.annotations ?? {},
      checkClaims: true,
      recursive: options.recursive ?? false,
      everything: options.everything ?? false,
      at: app.clock.now(),
      ...(attestation === undefined ? {} : { predicateType: resolvePredicateType(attestation) }),
      ...(signatureRepository === undefined ? {} : { signatureRepository }),
    })
  } finally {
    await close()
  }
}
