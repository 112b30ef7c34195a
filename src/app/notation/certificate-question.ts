import type { TrustStore } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import type { NotationAuthority } from "../../policy/model.ts"
import { verificationLevel } from "../../policy/notation/levels.ts"
import { parseTrustStore } from "../../policy/notation/parse-policy.ts"
import { parseTrustedIdentities } from "../../policy/notation/trusted-identity.ts"
import type { AppContext, TrustStoreLoader } from "../requests.ts"
import { certificatesOf, notationStores } from "./trust-stores.ts"

/** Whose certificates count, as a command line says it. */
export interface CertificateQuestion {
  /** `TYPE:NAME` of notation's configuration, or `TYPE:FILE` with a slash in the file's path. */
  readonly stores: readonly string[]
  /** `x509.subject: …`, `x509.thumbprint:…`, `x509.san:…`, `x509.issuer: …`, `x509.serial:…`, or `*`. */
  readonly identities: readonly string[]
  readonly level: string
  /** `VALIDATION=ACTION`. */
  readonly overrides: readonly string[]
  readonly verifyTimestamp: string
}

const NAME = "certificates"
const OWNER = "the command line"

/**
 * What a command line says about certificates, as an authority of the policy.
 *
 * @throws {ToolError} `E_TRUST_MISSING` without stores or identities, `E_USAGE` for what is malformed.
 */
export function certificateAuthority(question: CertificateQuestion): NotationAuthority {
  const { stores, identities, verifyTimestamp } = question
  if (stores.length === 0) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "identities without a trust store",
      why: "--identity says who may sign, nothing says whose certificates prove it",
      next: ["name a store: `--trust-store ca:NAME` or `--trust-store ca:./root.pem`"],
    })
  }
  if (identities.length === 0) {
    throw new ToolError("E_TRUST_MISSING", {
      what: "a trust store without an identity",
      why: "a certificate authority certifies many; nothing says whose signature is wanted",
      next: [
        'name the signer: `--identity "x509.subject: C=US, ST=WA, O=acme"`',
        "or accept everybody whom the store's authorities certify: `--identity '*'`",
      ],
    })
  }
  return usage(() => ({
    name: NAME,
    family: "notation",
    formats: [],
    kind: "signature",
    annotations: {},
    stores: stores.map(storeNamed),
    identities: parseTrustedIdentities(identities, { owner: OWNER, ownKinds: true }),
    ...levelOf(question),
    verifyTimestamp: timestampOption(verifyTimestamp),
  }))
}

/** Mistakes in flags are mistakes of the command line, whatever they would be in a document. */
function usage<T>(work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const { what, why, next } = asToolError(thrown)
    throw new ToolError("E_USAGE", { what, next, ...(why === undefined ? {} : { why }) })
  }
}

function storeNamed(text: string): NotationAuthority["stores"][number] {
  if (!text.includes("/")) return parseTrustStore(text, OWNER)
  const colon = text.indexOf(":")
  // The type is checked by the same rules; the file stands for the name.
  const { type } = parseTrustStore(`${text.slice(0, Math.max(colon, 0))}:file`, OWNER)
  return { type, name: text.slice(colon + 1) }
}

function levelOf({ level, overrides }: CertificateQuestion): Pick<NotationAuthority, "levelName" | "actions"> {
  if (level === "skip") {
    throw new ToolError("E_USAGE", {
      what: "the level skip verifies nothing",
      why: "it would accept every artifact, signed or not",
      next: ["name strict, permissive or audit"],
    })
  }
  return verificationLevel(
    level,
    overrides.map((text): readonly [string, string] => {
      const equals = text.indexOf("=")
      if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)]
      throw new ToolError("E_USAGE", {
        what: `not an override: ${JSON.stringify(text.slice(0, 200))}`,
        why: "expected VALIDATION=ACTION",
        next: ["write it as `--override revocation=log`"],
      })
    }),
  )
}

function timestampOption(text: string): NotationAuthority["verifyTimestamp"] {
  if (text === "always" || text === "afterCertExpiry") return text
  throw new ToolError("E_USAGE", {
    what: `bad value ${JSON.stringify(text.slice(0, 200))} for --verify-timestamp`,
    why: "expected always or afterCertExpiry",
  })
}

/** Loads what {@link CertificateQuestion.stores} name: files, or stores of notation's configuration. */
export function namedStores(app: Pick<AppContext, "files" | "notation">): TrustStoreLoader {
  const stores = notationStores(app.notation)
  return async (store): Promise<TrustStore> => {
    if (!store.name.includes("/")) return stores(store)
    const bytes = await app.files.read(store.name, limits.pemBytes)
    const certificates = certificatesOf({ ...store, file: store.name }, bytes)
    if (certificates.length > 0) return { ...store, certificates: certificates.map(({ raw }) => raw) }
    throw new ToolError("E_TRUST_MISSING", {
      what: `${store.name} holds no certificate`,
      next: ["name a file with certificates in PEM or DER"],
    })
  }
}
