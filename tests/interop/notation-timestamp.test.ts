/** The real notation asks our timestamp authority, and says the same as we do about one that lies. */
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { getRequestListener } from "@hono/node-server"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { timestampSignature } from "../../src/app/timestamp.ts"
import { ToolError } from "../../src/core/errors.ts"
import { encodeDer, encodeDerOid } from "../../src/codec/der.ts"
import type { KeyName } from "../../src/crypto/generate.ts"
import { CMS_OID } from "../../src/crypto/cms/object-ids.ts"
import { encodeImprint } from "../../src/crypto/rfc3161/request.ts"
import { extendedKeyUsageExtension, keyUsageExtension } from "../../src/crypto/x509/build-extensions.ts"
import { createTimestampService } from "../../src/io/services/timestamp-service.ts"
import { createHttpClient } from "../../src/io/net/http-client.ts"
import type { HttpClient } from "../../src/io/net/http-types.ts"
import { systemClock } from "../../src/io/system/clock.ts"
import { systemRandomness } from "../../src/io/system/randomness.ts"
import {
  makeAuthority,
  makeHolder,
  pemOf,
  stamperExtensions,
  type TestAuthority,
} from "../../src/servers/authority/timestamp-fixture.ts"
import {
  createTimestampHandler,
  type TimestampAlterations,
  type TimestampAuthorityOptions,
} from "../../src/servers/authority/timestamp-handler.ts"
import { startTestAuthority, startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { putImage } from "./images.ts"
import { writeConfig, writeKey, writeStore } from "./notation-home.ts"
import { expectCode, type Finished, havePeers, peer } from "./peers.ts"

const STATEMENT = {
  name: "test",
  registryScopes: ["*"],
  signatureVerification: { level: "strict" },
  trustStores: ["ca:test", "tsa:test"],
  trustedIdentities: ["*"],
}
const DAY = 86_400_000

describe.skipIf(!havePeers("notation"))("notation with timestamps", () => {
  const now = Date.now()
  let folder = ""
  let registry: TestRegistry
  let server: Server
  let url = ""
  let client: HttpClient
  let authority: TestAuthority
  /** What the authority does just now. */
  let handler: (request: Request) => Promise<Response>

  const notation = (...args: string[]): Promise<Finished> =>
    peer("notation", args, { cwd: folder, env: { NOTATION_CONFIG: join(folder, "config") } })
  const push = async (content: string): Promise<string> => {
    const { digest } = await putImage(registry.address, "app/stamped", content)
    return `${registry.address}/app/stamped@${digest}`
  }
  const sign = (reference: string, ...more: string[]): Promise<Finished> => {
    const stamp = ["--timestamp-url", url, "--timestamp-root-cert", "root.pem"]
    return notation("sign", "--insecure-registry", "--key", "test", ...stamp, ...more, reference)
  }
  const answerWith = (from: TestAuthority, changes: Partial<TimestampAuthorityOptions> = {}): void => {
    writeFileSync(join(folder, "root.pem"), pemOf(from.root.der))
    handler = createTimestampHandler({
      key: from.stamper.key,
      chain: [from.stamper.der, from.root.der],
      clock: systemClock,
      randomness: systemRandomness,
      accuracy: { seconds: 1, millis: 0, micros: 0 },
      ...changes,
    })
  }
  /** What we say to the same authority. */
  const ours = async (root = authority.root): Promise<string> => {
    const ports = {
      timestamps: createTimestampService({ http: () => Promise.resolve(client) }),
      clock: systemClock,
      randomness: systemRandomness,
    }
    const checkRevocation = (): Promise<object> => Promise.resolve({})
    const order = { url, root: root.certificate, hash: "sha256", signature: Uint8Array.of(1), checkRevocation } as const
    try {
      await timestampSignature(ports, order)
      return ""
    } catch (error) {
      if (error instanceof ToolError) return error.what
      throw error
    }
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-interop-"))
    registry = await startTestRegistry()
    client = createHttpClient({ userAgent: "test" })
    authority = await makeAuthority("ecdsa-p256", now)
    const listener = getRequestListener((request) => handler(request))
    server = createServer((request, response) => void listener(request, response))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`
    // Valid since yesterday: a timestamp's accuracy reaches back before a certificate of this second.
    const signers = await startTestAuthority({ revocation: "none" })
    const signer = await signers.issueSigner({ keyType: "rsa-2048", chainLength: 1 })
    await signers.close()
    writeConfig(folder, "signingkeys.json", { keys: [writeKey(folder, "test", signer.keyPem, signer.chainPem)] })
    writeStore(folder, "ca", "test", { "test.pem": signer.rootPem })
    const policy = { version: "1.0", trustPolicies: [STATEMENT] }
    writeFileSync(join(folder, "config", "trustpolicy.json"), JSON.stringify(policy), { mode: 0o600 })
  })
  afterAll(async () => {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await registry.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it.each<KeyName>(["rsa-2048", "rsa-3072", "rsa-4096", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521"])(
    "signs and verifies with tokens by %s",
    async (keyName) => {
      const own = await makeAuthority(keyName, now)
      writeFileSync(join(folder, `${keyName}.pem`), pemOf(own.root.der))
      expectCode(await notation("cert", "add", "-t", "tsa", "-s", "test", `${keyName}.pem`), 0)
      answerWith(own)
      expect(await ours(own.root)).toBe("")
      for (const format of ["jws", "cose"]) {
        const reference = await push(`${keyName} ${format}`)
        expectCode(await sign(reference, "--signature-format", format), 0)
        const verified = expectCode(await notation("verify", "--insecure-registry", "-d", reference), 0)
        expect(verified.stderr).toContain("Performing timestamp verification...")
        expect(verified.stdout).toContain("Successfully verified signature")
      }
    },
  )

  const part = (change: TimestampAlterations["parts"]): TimestampAlterations => ({ ...(change && { parts: change }) })
  const info = (change: object): TimestampAlterations => ({ info: (right) => ({ ...right, ...change }) })
  it.each<[string, TimestampAlterations]>([
    ["another nonce", info({ nonce: 5n })],
    ["another digest", info({ imprint: encodeImprint("sha256", new Uint8Array(32)) })],
    ["version 2", info({ version: 2 })],
    ["rejected", { answer: () => ({ status: 2, failure: 0 }) }],
    ["rejected with a token", { answer: (right) => ({ ...right, status: 2 }) }],
    ["waiting", { answer: () => ({ status: 3 }) }],
    ["an unknown status", { answer: () => ({ status: 9 }) }],
    ["granted without a token", { answer: () => ({ status: 0 }) }],
    ["no certificates", part((right) => ({ ...right, certificates: [] }))],
    ["content type id-data", part((right) => ({ ...right, contentType: "1.2.840.113549.1.7.1" }))],
    [
      "no SigningCertificateV2",
      part((right) => ({
        ...right,
        attributes: right.attributes.filter(({ type }) => type !== CMS_OID.signingCertificateV2),
      })),
    ],
    [
      "no message digest",
      part((right) => ({
        ...right,
        attributes: right.attributes.filter(({ type }) => type !== CMS_OID.messageDigest),
      })),
    ],
    [
      "another message digest",
      part((right) => ({
        ...right,
        attributes: right.attributes.map((item) =>
          item.type === CMS_OID.messageDigest ? { ...item, value: encodeDer(0x04, new Uint8Array(32)) } : item,
        ),
      })),
    ],
    [
      "another content type attribute",
      part((right) => ({
        ...right,
        attributes: right.attributes.map((item) =>
          item.type === CMS_OID.contentType ? { ...item, value: encodeDerOid("1.2.840.113549.1.7.1") } : item,
        ),
      })),
    ],
    ["a changed signature", { token: (der) => der.map((byte, at) => (at === der.length - 1 ? byte ^ 1 : byte)) }],
  ])("refuses %s in the same words", async (name, alter) => {
    answerWith(authority, { alter })
    const theirs = expectCode(await sign(await push(name)), 1)
    const error = /^Error: (.*)$/m.exec(theirs.stderr)?.[1] ?? ""
    // Nonces are random, and Go prints structures in its own way.
    const cut = (text: string): string => text.replace(/(nonce in request|message imprint in response) .*$/, "$1")
    // Go takes the missing token for one with a syntax error.
    const whole = name === "granted without a token" ? /^timestamp: invalid timestamping response: / : /.*/
    expect(error).toMatch(/^timestamp: invalid timestamping response: |^timestamp: failed to verify signed token: /)
    const said = await ours()
    expect(said).toMatch(whole)
    if (whole.source === ".*") expect(cut(said)).toBe(cut(error))
  })

  it.each<[string, Parameters<typeof makeHolder>[1]]>([
    ["expired", { notAfter: now - DAY }],
    [
      "two usages",
      { extensions: [stamperExtensions[0]!, extendedKeyUsageExtension(["1.3.6.1.5.5.7.3.8", "1.2.3"], true)] },
    ],
    [
      "a usage that is not critical",
      { extensions: [stamperExtensions[0]!, extendedKeyUsageExtension(["1.3.6.1.5.5.7.3.8"])] },
    ],
    ["no usage", { extensions: [stamperExtensions[0]!] }],
    ["another usage", { extensions: [stamperExtensions[0]!, extendedKeyUsageExtension(["1.3.6.1.5.5.7.3.3"], true)] }],
    ["no key usage", { extensions: [stamperExtensions[1]!] }],
    [
      "more key usages",
      { extensions: [keyUsageExtension(["digitalSignature", "keyAgreement"]), stamperExtensions[1]!] },
    ],
  ])("refuses a stamper with %s in the same words", async (name, options) => {
    const defaults = { issuer: authority.root, notBefore: now - 2 * DAY, notAfter: now + DAY }
    const stamper = await makeHolder("Stamper", { ...defaults, extensions: stamperExtensions, ...options })
    answerWith({ root: authority.root, stamper })
    const theirs = expectCode(await sign(await push(name)), 1)
    const cut = (text: string): string => text.replace(/current time \S+/, "current time")
    expect(cut(await ours())).toBe(cut(/^Error: (.*)$/m.exec(theirs.stderr)?.[1] ?? ""))
  })

  it("refuses another authority in the same words", async () => {
    answerWith(await makeAuthority("ecdsa-p256", now))
    writeFileSync(join(folder, "root.pem"), pemOf(authority.root.der))
    const theirs = expectCode(await sign(await push("other")), 1)
    expect(theirs.stderr).toContain(await ours())
  })
})
