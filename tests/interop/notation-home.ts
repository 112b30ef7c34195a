/** A configuration of notation with signers of every kind, stores and policies, for tests with the real programs. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { TestAuthority } from "../../src/testing/index.ts"

export const KEY_TYPES = ["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521"] as const
export const CHAIN_LENGTHS = ["1", "2", "3", "4"] as const

/** Signed with a timestamp; their policy wants one. */
export const STAMPED_REPOSITORY = "interop/stamped"
/** Scope that stands for a layout. */
export const LAYOUT_SCOPES = { plain: "local/plain", stamped: "local/stamped" } as const

interface KeyEntry {
  readonly name: string
  readonly keyPath: string
  readonly certPath: string
}

/** Write a key and its chain under a name, as notation's test keys lie. */
export function writeKey(folder: string, name: string, keyPem: string, chainPem: string): KeyEntry {
  const entry = { name, keyPath: join(folder, `${name}.key`), certPath: join(folder, `${name}.crt`) }
  writeFileSync(entry.keyPath, keyPem, { mode: 0o600 })
  writeFileSync(entry.certPath, chainPem)
  return entry
}

/** Put PEM certificates into a store. */
export function writeStore(
  folder: string,
  type: "ca" | "tsa",
  store: string,
  files: Readonly<Record<string, string>>,
): void {
  const at = join(folder, "config", "truststore", "x509", type, store)
  mkdirSync(at, { recursive: true, mode: 0o700 })
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(at, name), pem, { mode: 0o600 })
}

/** Write a file of the configuration. */
export function writeConfig(folder: string, name: string, content: object): void {
  mkdirSync(join(folder, "config"), { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, "config", name), `${JSON.stringify(content, undefined, 4)}\n`, { mode: 0o600 })
}

/** A statement of a policy, strict unless told otherwise. */
export function statement(name: string, changes: object): object {
  return {
    name,
    signatureVerification: { level: "strict" },
    trustStores: ["ca:test"],
    trustedIdentities: ["*"],
    ...changes,
  }
}

/** Signers `TYPE-LENGTH` of an authority, the stores `ca:test` and `tsa:test`, and policies for plain and stamped places. */
export async function makeHome(folder: string, authority: TestAuthority, addresses: readonly string[]): Promise<void> {
  const names = KEY_TYPES.flatMap((keyType) => CHAIN_LENGTHS.map((length) => ({ keyType, length })))
  const roots: Record<string, string> = { "authority.pem": authority.rootPem }
  const keys = await Promise.all(
    names.map(async ({ keyType, length }) => {
      const chainLength = Number(length) as 1 | 2 | 3 | 4
      const signer = await authority.issueSigner({ keyType, chainLength, revocation: "none" })
      if (chainLength === 1) roots[`${keyType}.pem`] = signer.rootPem
      return writeKey(folder, `${keyType}-${length}`, signer.keyPem, signer.chainPem)
    }),
  )
  writeConfig(folder, "signingkeys.json", { default: keys[0]?.name ?? "", keys })
  writeStore(folder, "ca", "test", roots)
  writeStore(folder, "tsa", "test", { "tsa.pem": authority.timestampRootPem })
  writeFileSync(join(folder, "tsa.pem"), authority.timestampRootPem)
  const stamped = { trustStores: ["ca:test", "tsa:test"] }
  const scopes = [...addresses.map((address) => `${address}/${STAMPED_REPOSITORY}`), LAYOUT_SCOPES.stamped]
  writeConfig(folder, "trustpolicy.json", {
    version: "1.0",
    trustPolicies: [
      statement("plain", { registryScopes: ["*"] }),
      statement("stamped", { ...stamped, registryScopes: scopes }),
    ],
  })
  writeConfig(folder, "trustpolicy.blob.json", {
    version: "1.0",
    trustPolicies: [statement("plain", { globalPolicy: true }), statement("stamped", stamped)],
  })
}
