import type { TrustStore, TrustStoreName, TrustStoreType } from "../../core/certified.ts"
import { asToolError, ToolError } from "../../core/errors.ts"
import { limits } from "../../core/limits.ts"
import { parseTrustStore } from "../../policy/notation/parse-policy.ts"
import type { AppContext, TrustStoreLoader } from "../requests.ts"
import { certificatesOf, notationStores } from "./trust-stores.ts"

const TYPES: readonly TrustStoreType[] = ["ca", "signingAuthority", "tsa"]

/**
 * A store as a command line names it: `TYPE:NAME` of notation's configuration, or `TYPE:FILE` with a slash in the path.
 *
 * @throws {ToolError} `E_USAGE`.
 */
export function namedStore(text: string): TrustStoreName {
  const colon = text.indexOf(":")
  const written = text.slice(0, Math.max(colon, 0))
  const rest = text.slice(colon + 1)
  const type = TYPES.find((known) => known === written)
  if (type === undefined) {
    const isPath = colon < 0 || written.includes("/")
    const name = isPath ? text : rest
    throw bad(
      text,
      isPath ? "it has no type" : `the type is ${JSON.stringify(written.slice(0, 200))}`,
      `${likelyType(written)}:${name.includes(".") && !name.includes("/") ? `./${name}` : name}`,
    )
  }
  if (rest.includes("/")) return { type, name: rest }
  try {
    return parseTrustStore(text, "the command line")
  } catch {
    const why = `${JSON.stringify(rest.slice(0, 200))} is no name: letters, digits, \`_\`, \`.\` and \`-\` make one`
    throw bad(text, why, rest === "" ? `${type}:NAME` : `${type}:./${rest}`)
  }
}

function likelyType(written: string): TrustStoreType {
  return TYPES.find((known) => known.toLowerCase() === written.toLowerCase()) ?? "ca"
}

function bad(text: string, why: string, better: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `not a trust store: ${JSON.stringify(text.slice(0, 200))}`,
    why: `${why}; expected TYPE:NAME, or TYPE:FILE with a slash in it, of type ca, signingAuthority or tsa`,
    next: [`write it as \`--trust-store ${better.slice(0, 200)}\``],
  })
}

/**
 * Load the stores that a command line names, before anything is asked of a registry: a name that leads nowhere is a
 * mistake of the command line, and says nothing about any artifact.
 *
 * @returns a loader that has them at hand. A store that is there and cannot be read just now is tried again when a
 *   signature needs it.
 * @throws {ToolError} `E_TRUST_MISSING`, `E_TRUST_MALFORMED`, `E_FILE_NOT_FOUND`, `E_LIMIT_EXCEEDED`.
 */
export async function openNamedStores(
  app: Pick<AppContext, "files" | "notation">,
  stores: readonly TrustStoreName[],
): Promise<TrustStoreLoader> {
  const load = loader(app)
  const opened = new Map<string, TrustStore>()
  for (const store of stores) {
    try {
      opened.set(nameOf(store), await load(store))
    } catch (thrown) {
      const error = asToolError(thrown)
      if (error.kind === "unknown") continue
      throw unusable(store, error)
    }
  }
  return async (store) => opened.get(nameOf(store)) ?? load(store)
}

function loader(app: Pick<AppContext, "files" | "notation">): TrustStoreLoader {
  const stores = notationStores(app.notation)
  return async (store): Promise<TrustStore> => {
    if (!isFile(store)) return stores(store)
    const bytes = await app.files.read(store.name, limits.pemBytes)
    const certificates = certificatesOf({ ...store, file: store.name }, bytes)
    if (certificates.length > 0) return { ...store, certificates: certificates.map(({ raw }) => raw) }
    throw new ToolError("E_TRUST_MISSING", { what: `${store.name} holds no certificate` })
  }
}

function unusable(store: TrustStoreName, error: ToolError): ToolError {
  const { code, what, why, details, kind } = error
  return new ToolError(code, {
    what,
    ...(why === undefined ? {} : { why }),
    next: advice(store, error),
    details,
    // What was named cannot be used; nothing was said about an artifact.
    kind: kind === "negative" ? "usage" : kind,
    cause: error,
  })
}

function advice(store: TrustStoreName, { code, next }: ToolError): readonly string[] {
  const { type, name } = store
  if (isFile(store)) {
    if (code !== "E_FILE_NOT_FOUND")
      return [`name a file with the root's certificate in PEM or DER: \`${type}:./root.pem\``]
    return [
      "check the path and the rights",
      `or keep the certificate in a store: \`countersign trust add --store ${type}:NAME FILE\`, then name \`${type}:NAME\``,
    ]
  }
  if (code !== "E_TRUST_MISSING") return next
  return [
    `add certificates with \`countersign trust add --store ${nameOf(store)} FILE\``,
    `or name a file, with a slash in its path: \`--trust-store ${type}:./${name}\``,
  ]
}

function isFile({ name }: TrustStoreName): boolean {
  return name.includes("/")
}

function nameOf({ type, name }: TrustStoreName): string {
  return `${type}:${name}`
}
