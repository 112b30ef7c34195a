/** A TUF repository on loopback and clients of it, for tests. Not for production code. */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { JsonObject } from "../../src/core/json-value.ts"
import type { SigningKey } from "../../src/core/ports.ts"
import type { TrustRepository } from "../../src/core/sigstore-ports.ts"
import { generatePrivateKey, type KeyName } from "../../src/crypto/generate.ts"
import { localSigningKey } from "../../src/crypto/local-key.ts"
import {
  buildTufRepository,
  signTuf,
  tufHead,
  tufMeta,
  type TopRole,
  type TufRepositoryInput,
  type TufTarget,
} from "../../src/servers/sandbox/tuf/build-repository.ts"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import type { HttpClient } from "../../src/io/net/http-types.ts"
import { createTrustRepository, type TrustRepositoryOptions } from "../../src/io/services/tuf/trust-repository.ts"

/** A day, milliseconds. */
export const DAY = 86_400_000
/** When tests happen. */
export const NOW: number = Date.UTC(2027, 0, 1)

/** The smallest documents cosign takes. */
export const TRUSTED_ROOT = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'
export const SIGNING_CONFIG =
  '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}'

/** A new key. */
export async function newKey(name: KeyName = "ecdsa-p256"): Promise<SigningKey> {
  return localSigningKey(await generatePrivateKey(name))
}

/** A target that is text. */
export function textTarget(name: string, text: string, sigstore?: TufTarget["sigstore"]): TufTarget {
  return { name, bytes: new TextEncoder().encode(text), ...(sigstore === undefined ? {} : { sigstore }) }
}

/** The repository of a test. */
export class TestMirror {
  /** Files by their path below the URL; change them at will. */
  files: Map<string, Uint8Array> = new Map<string, Uint8Array>()
  /** Paths asked for, in order. */
  asked: string[] = []
  /** Instead of a file. */
  answer: ((path: string, response: ServerResponse) => boolean) | undefined
  readonly folder: string = mkdtempSync(join(tmpdir(), "tuf-test-"))
  url = ""
  /** The time of clients that are given none. */
  now: number = NOW
  readonly #clients: HttpClient[] = []
  readonly #server: Server
  /** Of the next {@link publish}. */
  input: TufRepositoryInput

  private constructor(input: TufRepositoryInput) {
    this.input = input
    this.#server = createServer((request, response) => {
      const path = decodeURIComponent((request.url ?? "").replace(/^\/(?:tuf\/)?/, ""))
      this.asked.push(path)
      if (this.answer?.(path, response) === true) return
      const bytes = this.files.get(path)
      response.statusCode = bytes === undefined ? 404 : 200
      response.end(bytes)
    })
  }

  /** Start one with one root key and one online key, and the two documents as targets. */
  static async start(change: Partial<TufRepositoryInput> = {}): Promise<TestMirror> {
    const [root, online] = [await newKey(), await newKey()]
    const end = NOW + 30 * DAY
    const mirror = new TestMirror({
      keys: { root: [root], targets: [root], snapshot: [online], timestamp: [online] },
      expires: { root: end, targets: end, snapshot: end, timestamp: NOW + 7 * DAY },
      targets: [textTarget("trusted_root.json", TRUSTED_ROOT), textTarget("signing_config.v0.2.json", SIGNING_CONFIG)],
      ...change,
    })
    await new Promise<void>((resolve) => mirror.#server.listen(0, "127.0.0.1", resolve))
    mirror.url = `http://127.0.0.1:${(mirror.#server.address() as AddressInfo).port}/tuf`
    await mirror.publish()
    return mirror
  }

  /** Build and serve a new state; files of earlier ones stay. */
  async publish(change: Partial<TufRepositoryInput> = {}): Promise<Uint8Array> {
    this.input = { ...this.input, ...change }
    const { root, files } = await buildTufRepository(this.input)
    for (const [path, bytes] of files) this.files.set(path, bytes)
    return root
  }

  /** Publish with the versions of some roles raised by one. */
  async bump(...roles: readonly TopRole[]): Promise<void> {
    const versions = { root: 1, targets: 1, snapshot: 1, timestamp: 1, ...this.input.versions }
    for (const role of roles) versions[role]++
    await this.publish({ versions })
  }

  /** Replace the signed part of a role by something else, signed by the role's keys, and whatever lists it. */
  async forge(role: TopRole, change: (signed: JsonObject) => unknown, keys?: readonly SigningKey[]): Promise<void> {
    const before = JSON.parse(new TextDecoder().decode(this.files.get(`${role}.json`))) as { signed: JsonObject }
    await this.replace(role, await signTuf(change(before.signed) as JsonObject, keys ?? this.input.keys[role]))
  }

  /** The same as a new version, which everything that lists it says, too. */
  async forgeNew(role: TopRole, change: (signed: JsonObject) => unknown, keys?: readonly SigningKey[]): Promise<void> {
    await this.bumpFor(role)
    await this.forge(role, change, keys)
  }

  /** New versions of a role and of all that lists it. */
  async bumpFor(role: TopRole): Promise<void> {
    const order: readonly TopRole[] = ["targets", "snapshot", "timestamp"]
    await this.bump(...(role === "root" ? (["root"] as const) : order.slice(order.indexOf(role))))
  }

  /** Serve any bytes as a role's file, listed as what they are. */
  async replace(role: TopRole, bytes: Uint8Array): Promise<void> {
    const version = (of: TopRole): number => this.input.versions?.[of] ?? 1
    this.put(role, version(role), bytes)
    if (role === "targets") {
      const meta = { "targets.json": tufMeta(version("targets"), bytes) }
      const head = tufHead("snapshot", version("snapshot"), this.input.expires.snapshot)
      const snapshot = await signTuf({ ...head, meta }, this.input.keys.snapshot)
      this.put("snapshot", version("snapshot"), snapshot)
      await this.#list(snapshot)
    }
    if (role === "snapshot") await this.#list(bytes)
  }

  async #list(snapshot: Uint8Array): Promise<void> {
    const version = this.input.versions?.timestamp ?? 1
    const meta = { "snapshot.json": tufMeta(this.input.versions?.snapshot ?? 1, snapshot) }
    const head = tufHead("timestamp", version, this.input.expires.timestamp)
    this.put("timestamp", version, await signTuf({ ...head, meta }, this.input.keys.timestamp))
  }

  /** Serve a file under the names clients ask for. */
  put(role: string, version: number, bytes: Uint8Array): void {
    this.files.set(`${role}.json`, bytes)
    this.files.set(`${version}.${role}.json`, bytes)
  }

  /** Bytes of a file that is served. */
  file(path: string): Uint8Array {
    return this.files.get(path) ?? new Uint8Array()
  }

  /** A client with a cache below the test's folder: what a new process would make. */
  client(
    options: Partial<TrustRepositoryOptions> & { readonly home?: string; readonly at?: number } = {},
  ): TrustRepository {
    const { home = "home", at = this.now, ...rest } = options
    const open = (): Promise<HttpClient> => {
      const client = createHttpClient({ userAgent: "test", tries: 1 })
      this.#clients.push(client)
      return Promise.resolve(client)
    }
    let http: Promise<HttpClient> | undefined
    return createTrustRepository({
      env: {},
      home: join(this.folder, home),
      files: { read: () => Promise.reject(new Error("no file was to be read")) },
      http: () => (http ??= open()),
      clock: { now: () => at },
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      refresh: "always",
      ...rest,
    })
  }

  /** Begin a cache with this mirror. */
  async initialize(options: { readonly home?: string; readonly at?: number } = {}): Promise<void> {
    await this.client(options).initialize({ mirror: this.url, root: this.file("1.root.json") })
  }

  /** Folder of the mirror in a cache. */
  cacheFolder(home = "home"): string {
    const name = this.url.slice("http://".length).replaceAll(/[/:]/g, "-")
    return join(this.folder, home, ".sigstore", "root", name)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.folder, { recursive: true, force: true })
  }
}
