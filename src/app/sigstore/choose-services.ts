import { ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { Files, Randomness } from "../../core/ports.ts"
import type { SigningConfig } from "../../core/sigstore.ts"
import type { LogService } from "../../core/sigstore-ports.ts"
import { selectService, selectServices } from "../../envelopes/trusted-root/select-services.ts"
import { parseSigningConfig } from "../../envelopes/trusted-root/signing-config.ts"

/** Versions of each API that this program speaks. `1` of certificate authorities means the calls of version 2. */
const VERSIONS = { authority: [1], issuer: [1], log: [1, 2], timestamp: [1] } as const

/** The services of one run. */
export interface ChosenServices {
  /** Absent where the config names none. */
  readonly authority?: { readonly url: string; readonly api: 1 | 2 }
  /** Identity provider. */
  readonly issuer?: string
  readonly logs: readonly LogService[]
  /** Full URLs of timestamp authorities. */
  readonly timestamps: readonly string[]
}

/** What the choice depends on. */
export interface ChoiceRules {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly randomness: Randomness
  /** Who signs for an identity needs an authority; who has a key does not. */
  readonly keyless: boolean
}

/**
 * Choose the services of a signing config as its selectors say. Kinds of which it lists none are left out.
 *
 * @throws {ToolError} `E_CONFIG_INVALID` when a kind that is listed, or is needed, has none that fits.
 *
 * Spec: cosign.md 16.2.
 */
export function chooseServices(config: SigningConfig, { at, randomness, keyless }: ChoiceRules): ChosenServices {
  const random = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = randomness.bytes(4)
    return ((a << 24) + (b << 16) + (c << 8) + d + 2 ** 31) / 2 ** 32
  }
  const { certificateAuthorities, oidcProviders, logs, timestampAuthorities } = config
  const authority = keyless
    ? selectService(certificateAuthorities, { at, versions: VERSIONS.authority, what: "certificate authority" })
    : undefined
  const issuer =
    keyless && oidcProviders.length > 0
      ? selectService(oidcProviders, { at, versions: VERSIONS.issuer, what: "identity provider" })
      : undefined
  const chosenLogs =
    logs.length === 0
      ? []
      : selectServices(logs, config.logSelection, { at, versions: VERSIONS.log, random, what: "transparency log" })
  const stampers =
    timestampAuthorities.length === 0
      ? []
      : selectServices(timestampAuthorities, config.timestampSelection, {
          at,
          versions: VERSIONS.timestamp,
          random,
          what: "timestamp authority",
        })
  return {
    ...(authority === undefined ? {} : { authority: { url: authority.url, api: 2 } }),
    ...(issuer === undefined ? {} : { issuer: issuer.url }),
    logs: chosenLogs.map(({ url, majorApiVersion }) => ({ url, majorApiVersion: majorApiVersion === 2 ? 2 : 1 })),
    timestamps: stampers.map(({ url }) => url),
  }
}

/**
 * A signing config out of a file.
 *
 * @throws {ToolError} `E_FILE_NOT_FOUND`, `E_IO`, `E_TRUST_MALFORMED`, `E_LIMIT_EXCEEDED`.
 */
export async function readSigningConfig(files: Pick<Files, "read">, path: string): Promise<SigningConfig> {
  return parseSigningConfig(await files.read(path, limits.trustDocumentBytes))
}

/** Text of the peer where both ways to name services are used. */
export function mixedServices(given: string): ToolError {
  return new ToolError("E_USAGE", {
    what: "cannot specify service URLs and use signing config",
    why: `got a signing config and ${given}`,
    next: ["leave out one of them"],
  })
}
