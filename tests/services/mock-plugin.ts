/** A plugin of the Notary Project's protocol, a program of its own in a temporary folder, that can misbehave. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { goJson } from "../../src/codec/go-json.ts"
import { ToolError } from "../../src/core/errors.ts"
import type { JsonObject } from "../../src/core/json-value.ts"
import type { PluginHost, PluginMetadata } from "../../src/core/notation-home.ts"

/** What the plugin is and how it behaves. */
export interface MockPluginOptions {
  /** Folder below which `plugins` lies. */
  readonly libexec: string
  /** Default `mock`. */
  readonly name?: string
  /** Default `1.0.0`. */
  readonly version?: string
  /** Default: all four. */
  readonly capabilities?: readonly string[]
  /** The key it keeps, PKCS#8 PEM, and its chain, DER, leaf first. */
  readonly key?: { readonly keyPem: string; readonly chain: readonly Uint8Array[] }
  /** Critical attributes that its envelopes get beside those of the specification. */
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Results of verify-signature by capability; default all succeed. */
  readonly results?: Readonly<Record<string, unknown>>
  readonly misbehave?: readonly Misbehaviour[]
}

/** Ways to break the protocol, by command where they belong to one. */
export type Misbehaviour =
  /** Exit 1 with nothing on stderr; with text; with an error object of the protocol (`throttled`). */
  | "fail-silently"
  | "fail-with-text"
  | "throttled"
  /** Standard output: no JSON; nothing. */
  | "garbage"
  | "nothing"
  /** Metadata: another name, no capabilities, only contract version 2.0. */
  | "other-name"
  | "no-capabilities"
  | "contract-2"
  /** Keys: another id echoed by describe-key or generate-signature, an unknown key spec, another algorithm. */
  | "describe-other-key"
  | "sign-other-key"
  | "unknown-key-spec"
  | "other-algorithm"
  /** Signatures: over other bytes, ASN.1 DER instead of raw, one byte short; no chain, a chain of garbage. */
  | "sign-other-bytes"
  | "der-signature"
  | "short-signature"
  | "no-chain"
  | "garbage-chain"
  /** Envelopes: another type, another digest, an annotation dropped or added, an unknown attribute, a flipped bit, no expiry. */
  | "other-envelope-type"
  | "other-digest"
  | "drop-annotations"
  | "add-annotation"
  | "unknown-attribute"
  | "break-envelope"
  | "no-expiry"
  /** Verification: extended attributes are not said to be processed; no results. */
  | "process-nothing"
  | "no-results"

/** An installed mock plugin. */
export interface MockPlugin {
  readonly name: string
  readonly path: string
  /** What it was asked, in order. */
  asked(): readonly { readonly command: string; readonly request: string }[]
}

/** Write the plugin below `libexec/plugins`. It needs this Node and nothing else. */
export function installMockPlugin(options: MockPluginOptions): MockPlugin {
  const { libexec, name = "mock", version = "1.0.0", key, attributes = {}, results = {}, misbehave = [] } = options
  const folder = join(libexec, "plugins", name)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `notation-${name}`)
  const log = join(libexec, `${name}-requests.jsonl`)
  const behaviour = {
    ...{ name, version, log, attributes, results, misbehave },
    capabilities: options.capabilities ?? [
      "SIGNATURE_GENERATOR.RAW",
      "SIGNATURE_GENERATOR.ENVELOPE",
      "SIGNATURE_VERIFIER.TRUSTED_IDENTITY",
      "SIGNATURE_VERIFIER.REVOCATION_CHECK",
    ],
    keyPem: key?.keyPem ?? "",
    chain: key?.chain.map((der) => Buffer.from(der).toString("base64")) ?? [],
  }
  const program = readFileSync(fileURLToPath(new URL("./mock-plugin-program.cjs", import.meta.url)), "utf8")
  writeFileSync(path, `#!${process.execPath}\nconst behaviour = ${JSON.stringify(behaviour)}\n${program}`)
  chmodSync(path, 0o755)
  writeFileSync(log, "")
  const asked = (): ReturnType<MockPlugin["asked"]> =>
    readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { command: string; request: string })
  return { name, path, asked }
}

/** A host that runs mock plugins and checks nothing: what reads the answers must. */
export function mockPluginHost(libexec: string): PluginHost {
  const absent = (): Promise<never> => Promise.reject(new Error("not in this host"))
  const run: PluginHost["run"] = (name, command, request) => {
    const path = join(libexec, "plugins", name, `notation-${name}`)
    const { status, stdout, stderr } = spawnSync(path, [command], { input: goJson(request), encoding: "utf8" })
    if (status === 0) return Promise.resolve(JSON.parse(stdout) as JsonObject)
    return Promise.reject(new ToolError("E_PLUGIN_FAILED", { what: stderr === "" ? "exit status 1" : stderr }))
  }
  return {
    ...{ list: absent, install: absent, installFromUrl: absent, uninstall: absent, run },
    metadata: async (name, pluginConfig = {}) =>
      (await run(name, "get-plugin-metadata", { pluginConfig })) as unknown as PluginMetadata,
  }
}
