import { parseTarget } from "../app/parse-target.ts"
import type { SignReport } from "../app/requests.ts"
import { signArtifacts } from "../app/sign.ts"
import { checkOptions, openLibrary, type CommonOptions } from "./options.ts"

export interface SignOptions extends CommonOptions {
  /** Path, `env://NAME`: an encrypted cosign key, or a plain PKCS#8, SEC 1, PKCS#1 or OpenSSH key. */
  readonly key: string
  /** Password of the key; else COUNTERSIGN_PASSWORD. */
  readonly password?: string
  /** Leave artifacts alone that the key has signed already. */
  readonly ifMissing?: boolean
}

const OPTIONS: Readonly<Record<keyof SignOptions, true>> = {
  artifacts: true,
  formats: true,
  annotations: true,
  recursive: true,
  signatureRepository: true,
  registry: true,
  key: true,
  password: true,
  ifMissing: true,
}

/**
 * Sign artifacts.
 *
 * @returns per artifact where its signatures lie, or its error; one failure does not stop the others.
 * @throws {ToolError} `E_USAGE`, `E_REF_INVALID`, `E_KEY_*`.
 *
 * @example
 * ```ts
 * const { artifacts } = await sign({ artifacts: ["registry.example/app@sha256:…"], key: "cosign.key", password: "…" })
 * ```
 */
export async function sign(options: SignOptions): Promise<SignReport> {
  checkOptions(options, OPTIONS)
  const { password, signatureRepository } = options
  const targets = options.artifacts.map(parseTarget)
  const { app, close } = openLibrary(options.registry, { targets, signatureRepository, password })
  try {
    return await signArtifacts(app, {
      targets,
      key: await app.keys.signingKey(options.key),
      formats: options.formats ?? ["cosign-v3"],
      annotations: options.annotations ?? {},
      recursive: options.recursive ?? false,
      ifMissing: options.ifMissing ?? false,
      upload: true,
      ...(signatureRepository === undefined ? {} : { signatureRepository }),
    })
  } finally {
    await close()
  }
}
