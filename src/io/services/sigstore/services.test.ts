import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { asToolError, type ToolError } from "../../../core/errors.ts"
import { MIB } from "../../../core/limits.ts"
import type { SigningKey } from "../../../core/ports.ts"
import type { CertificateOrder, LogProposal } from "../../../core/sigstore-ports.ts"
import { generatePrivateKey } from "../../../crypto/generate.ts"
import { digestOf } from "../../../crypto/hash.ts"
import { localSigningKey } from "../../../crypto/local-key.ts"
import { encodeEnvelope } from "../../../envelopes/dsse/envelope.ts"
import { pae } from "../../../envelopes/dsse/pae.ts"
import { entriesToFind } from "../../../envelopes/log-entry/proposals.ts"
import { startTestSandbox, type TestSandbox } from "../../../testing/index.ts"
import { createHttpClient } from "../../net/http-client.ts"
import type { HttpClient } from "../../net/http-types.ts"
import { createCertificateAuthorities } from "./certificate-authorities.ts"
import { createTransparencyLogs } from "./transparency-logs.ts"

const TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"
const MESSAGE = new TextEncoder().encode("a message")
const opened: { server: Server; client: HttpClient }[] = []
let key: SigningKey
let sandbox: TestSandbox
let sandboxClient: HttpClient

beforeAll(async () => {
  key = localSigningKey(await generatePrivateKey())
  sandbox = await startTestSandbox()
  sandboxClient = client()
})

afterEach(async () => {
  sandbox.reset()
  for (const { server, client: http } of opened.splice(0)) {
    await http.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

afterAll(async () => {
  await sandboxClient.close()
  await sandbox.close()
})

function client(): HttpClient {
  return createHttpClient({ userAgent: "countersign/test", sleep: () => Promise.resolve() })
}

/** What a request was, and its body as JSON where it has one. */
interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage["headers"]
  readonly body: unknown
}

type Answer = (response: ServerResponse, seen: Seen, count: number) => void

/** A service that answers as told, and what it was asked. */
async function serve(answer: Answer, timeoutMs = 20_000) {
  const seen: Seen[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString()
      const { method, url, headers } = request
      const asked = { method, url, headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) }
      seen.push(asked)
      answer(response, asked, seen.length)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const http = client()
  opened.push({ server, client: http })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const options = { http: () => Promise.resolve(http), timeoutMs }
  return { url, seen, authorities: createCertificateAuthorities(options), logs: createTransparencyLogs(options) }
}

async function failure(work: Promise<unknown>): Promise<ToolError> {
  try {
    await work
  } catch (thrown) {
    return asToolError(thrown)
  }
  throw new Error("it did not fail")
}

async function proposal(text = "a message"): Promise<LogProposal> {
  const message = new TextEncoder().encode(text)
  const signature = await key.sign(message, { scheme: "ecdsa", hash: "sha256" })
  const digest = digestOf("sha256", message)
  return { kind: "hashedrekord", hash: "sha256", digest, signature, verifier: { key: key.publicKey } }
}

function order(url: string, api: 1 | 2 = 2): CertificateOrder {
  return { url, api, token: TOKEN, publicKey: key.publicKey, proof: MESSAGE }
}

describe("certificate authorities", () => {
  it.each([2, 1] as const)("get a certificate of a sandbox, API version %i", async (api) => {
    const token = await sandbox.token({ email: "alice@example.com" })
    const proof = await key.sign(new TextEncoder().encode("alice@example.com"), { scheme: "ecdsa", hash: "sha256" })
    const authorities = createCertificateAuthorities({ http: () => Promise.resolve(sandboxClient) })
    const url = sandbox.services.fulcio
    const { chain, detachedSct } = await authorities.certify({ url, api, token, publicKey: key.publicKey, proof })
    expect(chain).toHaveLength(3)
    expect(detachedSct).toBeUndefined()
    sandbox.setFaults({ sct: "detached" })
    const detached = await authorities.certify({ url, api, token, publicKey: key.publicKey, proof })
    expect(JSON.parse(new TextDecoder().decode(detached.detachedSct))).toHaveProperty("signature")
  })

  it("sends the token in one header alone, and key and proof in the body", async () => {
    const { url, seen, authorities } = await serve((response) => response.writeHead(500).end())
    await failure(authorities.certify(order(`${url}/fulcio/`)))
    expect(seen[0]?.url).toBe("/fulcio/api/v2/signingCert")
    expect(seen[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`)
    expect(JSON.stringify(seen[0]?.body)).not.toContain(TOKEN)
    expect(seen[0]?.body).toEqual({
      publicKeyRequest: {
        publicKey: { algorithm: "ECDSA", content: expect.stringContaining("-----BEGIN PUBLIC KEY-----") as string },
        proofOfPossession: Buffer.from(MESSAGE).toString("base64"),
      },
    })
  })

  const json = (response: ServerResponse, status: number, body: unknown): ServerResponse =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
  const tokenError = { code: 3, message: "There was an error processing the identity token", details: [] }
  const keyError = { code: 3, message: "The public key supplied in the request is insecure" }

  it.each<[string, Answer, string, string]>([
    ["400 about the token", (r) => json(r, 400, tokenError), "E_OIDC_REJECTED", tokenError.message],
    ["401", (r) => json(r, 401, { message: "who are you" }), "E_OIDC_REJECTED", "who are you"],
    ["400 about the key", (r) => json(r, 400, keyError), "E_SERVICE_REFUSED", keyError.message],
    ["404", (r) => r.writeHead(404).end("not here"), "E_SERVICE_REFUSED", "not here"],
    ["escape sequences", (r) => r.writeHead(400).end("\u001b[31mred"), "E_SERVICE_REFUSED", "red"],
    ["500 for ever", (r) => r.writeHead(500).end("broken"), "E_SERVICE_REFUSED", "broken"],
    ["no JSON", (r) => r.writeHead(200).end("<html>"), "E_SERVICE_PROTOCOL", "JSON"],
    ["nothing", (r) => json(r, 200, {}), "E_SERVICE_PROTOCOL", "exactly one of"],
    ["null", (r) => json(r, 200, null), "E_SERVICE_PROTOCOL", "object"],
    ["an array", (r) => json(r, 200, []), "E_SERVICE_PROTOCOL", "object"],
    ["no chain", (r) => json(r, 200, { signedCertificateEmbeddedSct: {} }), "E_SERVICE_PROTOCOL", "chain"],
    ["empty chain", (r) => json(r, 200, chainOf([])), "E_SERVICE_PROTOCOL", "certificate chain"],
    ["text for certificates", (r) => json(r, 200, chainOf(["hello"])), "E_SERVICE_PROTOCOL", "certificate chain"],
    ["a key for a certificate", (r) => json(r, 200, chainOf([PRIVATE])), "E_SERVICE_PROTOCOL", "expected certificates"],
    ["many certificates", (r) => json(r, 200, chainOf(Array(11).fill(EMPTY))), "E_SERVICE_PROTOCOL", "certificates"],
    ["too much", (r) => r.writeHead(200).end(Buffer.alloc(2 * MIB, 0x20)), "E_NET_TOO_LARGE", ""],
    ["half an answer", (r) => cut(r, '{"signedCertificateEmb'), "E_NET_CONNECT", ""],
    [
      "another origin",
      (r) => r.writeHead(307, { location: "http://127.0.0.1:9/" }).end(),
      "E_NET_FORBIDDEN_TARGET",
      "",
    ],
  ])("%s", async (_, answer, code, text) => {
    const { url, authorities } = await serve(answer)
    const error = await failure(authorities.certify(order(url)))
    expect(error.code, error.message).toBe(code)
    expect(error.message).toContain(text)
    expect(error.message).not.toContain("\u001b")
    expect(error.message).not.toContain(TOKEN)
  })

  it.each([429, 500, 502, 503])("ask again after %i", async (status) => {
    const { url, seen, authorities } = await serve((response, _, count) => {
      if (count === 1) response.writeHead(status).end()
      else response.writeHead(400).end("enough")
    })
    expect((await failure(authorities.certify(order(url)))).message).toContain("enough")
    expect(seen).toHaveLength(2)
  })

  it("give up on a service that never answers", async () => {
    const { url, authorities } = await serve(() => undefined, 100)
    const error = await failure(authorities.certify(order(url)))
    expect(error.code).toBe("E_NET_TIMEOUT")
    expect(error.what).toBe("the certificate authority did not answer in time")
  })

  it.each([401, 400, 500])("adv: CVE-2025-48374 show no token that the authority repeats with %i", async (status) => {
    const { url, authorities } = await serve((response, { headers }) => {
      const message = `error processing the identity token ${headers.authorization ?? ""}\x1b[2J`
      response.writeHead(status).end(JSON.stringify({ code: 16, message }))
    })
    const error = await failure(authorities.certify(order(url)))
    expect(error.message).toContain("error processing the identity token Bearer (token)")
    expect(JSON.stringify(error) + error.message + String(error.cause)).not.toMatch(/eyJ|\x1b/)
  })

  it("adv: GHSA-f83f-xpx7-ffpw what is no token is not sent", async () => {
    const { url, seen, authorities } = await serve((response) => response.end())
    for (const token of ["a.b", "a.b.c\r\nx: y", `${"a.".repeat(100)}b`, "", "a b.c.d"]) {
      expect((await failure(authorities.certify({ ...order(url), token }))).code, token).toBe("E_OIDC_REJECTED")
    }
    expect(seen).toEqual([])
  })

  it("refuse a URL with credentials, and do not show them", async () => {
    const { url, authorities, seen } = await serve((response) => response.end())
    const error = await failure(authorities.certify(order(url.replace("//", "//alice:insecure-secret@"))))
    expect([error.code, seen.length]).toEqual(["E_USAGE", 0])
    expect(JSON.stringify(error) + error.message).not.toContain("insecure-secret")
  })

  it("refuse plain http to other machines", async () => {
    const { authorities } = await serve((response) => response.end())
    const error = await failure(authorities.certify(order("http://fulcio.example")))
    expect(error.code).not.toBe("E_INTERNAL")
    expect(error.code).not.toBe("E_NET_DNS")
  })

  it.each(["", "fulcio.example", "ftp://fulcio.example", "file:///etc/passwd"])("%j is no service", async (url) => {
    const { authorities } = await serve((response) => response.end())
    expect((await failure(authorities.certify(order(url)))).code).toBe("E_USAGE")
  })
})

const EMPTY = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
const PRIVATE = EMPTY.replaceAll("CERTIFICATE", "PRIVATE KEY")

function chainOf(certificates: readonly string[]): unknown {
  return { signedCertificateEmbeddedSct: { chain: { certificates } } }
}

/** Answer with a length and close before it is reached. */
function cut(response: ServerResponse, text: string): ServerResponse {
  response.writeHead(200, { "content-length": "1000" })
  response.write(text, () => response.destroy())
  return response
}

describe("transparency logs", () => {
  const sandboxLogs = () => createTransparencyLogs({ http: () => Promise.resolve(sandboxClient) })

  it.each([1, 2] as const)("add an entry to a sandbox's log of version %i", async (majorApiVersion) => {
    const url = majorApiVersion === 1 ? sandbox.services.rekor : sandbox.services.rekor2
    const entry = await sandboxLogs().add({ url, majorApiVersion }, await proposal())
    expect(entry.kind).toBe("hashedrekord")
    expect(entry.inclusionProof?.checkpoint).toContain("\n\n")
    expect(entry.signedEntryTimestamp !== undefined).toBe(majorApiVersion === 1)
  })

  it.each(["dsse", "intoto"] as const)("add an envelope as %s, and find it again", async (kind) => {
    const payload = new TextEncoder().encode('{"_type":"https://in-toto.io/Statement/v1","subject":[]}')
    const payloadType = "application/vnd.in-toto+json"
    const signature = await key.sign(pae(payloadType, payload), { scheme: "ecdsa", hash: "sha256" })
    const envelope = encodeEnvelope("cosign3", { payloadType, payload, signatures: [{ keyid: "", sig: signature }] })
    const verifier = { key: key.publicKey }
    const proposed = { kind, envelope, payloadType, payload, hash: "sha256", signature, verifier } as const
    const log = { url: sandbox.services.rekor, majorApiVersion: 1 } as const
    const entry = await sandboxLogs().add(log, proposed)
    expect(entry.kind).toBe(kind)
    expect((await sandboxLogs().add(log, proposed)).logIndex).toBe(entry.logIndex)
    expect((await sandboxLogs().find(log.url, proposed)).map(({ logIndex }) => logIndex)).toEqual([entry.logIndex])
    const [, old] = entriesToFind(proposed)
    if (old === undefined) return
    // As cosign logs it.
    const headers = { "content-type": "application/json" }
    const sent = await fetch(`${log.url}/api/v1/log/entries`, { method: "POST", headers, body: old })
    expect(sent.status).toBe(201)
    const versions = (await sandboxLogs().find(log.url, proposed)).map(({ version }) => version)
    expect(versions.toSorted()).toEqual(["0.0.1", "0.0.2"])
  })

  it("find the entry that is there instead of making another", async () => {
    const log = { url: sandbox.services.rekor, majorApiVersion: 1 } as const
    const proposed = await proposal()
    const first = await sandboxLogs().add(log, proposed)
    const again = await sandboxLogs().add(log, proposed)
    expect(again.logIndex).toBe(first.logIndex)
    expect(again.canonicalizedBody).toEqual(first.canonicalizedBody)
    expect((await sandboxLogs().find(log.url, proposed)).map(({ logIndex }) => logIndex)).toEqual([first.logIndex])
    expect((await sandboxLogs().entryAt(log.url, first.logIndex)).canonicalizedBody).toEqual(first.canonicalizedBody)
  })

  it("say that a version 2 log keeps back what is there", async () => {
    const log = { url: sandbox.services.rekor2, majorApiVersion: 2 } as const
    const proposed = await proposal()
    await sandboxLogs().add(log, proposed)
    const error = await failure(sandboxLogs().add(log, proposed))
    expect([error.code, error.details["duplicate"]]).toEqual(["E_SERVICE_REFUSED", true])
  })

  it("find nothing where nothing is", async () => {
    expect(await sandboxLogs().find(sandbox.services.rekor, await proposal("never logged"))).toEqual([])
    const error = await failure(sandboxLogs().entryAt(sandbox.services.rekor, 999_999n))
    expect(error.code).toBe("E_SERVICE_REFUSED")
  })

  it("follow no address of the log's to an entry that is there", async () => {
    const uuid = "ab".repeat(40)
    const { url, seen, logs } = await serve((response, { method }) => {
      if (method === "POST") response.writeHead(409, { location: `http://127.0.0.1:9/elsewhere/${uuid}?x=y` }).end("{}")
      else response.writeHead(404).end("gone")
    })
    const error = await failure(logs.add({ url, majorApiVersion: 1 }, await proposal()))
    expect(error.code).toBe("E_SERVICE_REFUSED")
    expect(seen.map(({ url: path }) => path)).toEqual(["/api/v1/log/entries", `/api/v1/log/entries/${uuid}`])
  })

  it.each<[string, Answer, string, string]>([
    ["409 without a name", (r) => r.writeHead(409).end("{}"), "E_SERVICE_PROTOCOL", "does not say where"],
    ["409 with a bad name", (r) => r.writeHead(409, { location: "/x/../../etc" }).end(), "E_SERVICE_PROTOCOL", "where"],
    ["400", (r) => r.writeHead(400).end('{"code":400,"message":"bad entry"}'), "E_SERVICE_REFUSED", "bad entry"],
    ["500 for ever", (r) => r.writeHead(500).end(), "E_SERVICE_REFUSED", "500"],
    ["no JSON", (r) => r.writeHead(201).end("hello"), "E_SERVICE_PROTOCOL", "JSON"],
    ["null", (r) => r.writeHead(201).end("null"), "E_SERVICE_PROTOCOL", "object"],
    ["no entry", (r) => r.writeHead(201).end("{}"), "E_SERVICE_PROTOCOL", ""],
    ["an entry of nulls", (r) => r.writeHead(201).end(`{"${"a".repeat(64)}":null}`), "E_SERVICE_PROTOCOL", ""],
    ["too much", (r) => r.writeHead(201).end(Buffer.alloc(17 * MIB, 0x20)), "E_NET_TOO_LARGE", ""],
    ["half an answer", (r) => cut(r, "{"), "E_NET_CONNECT", ""],
    [
      "another origin",
      (r) => r.writeHead(308, { location: "http://127.0.0.1:9/" }).end(),
      "E_NET_FORBIDDEN_TARGET",
      "",
    ],
  ])("version 1: %s", async (_, answer, code, text) => {
    const { url, logs } = await serve(answer)
    const error = await failure(logs.add({ url, majorApiVersion: 1 }, await proposal()))
    expect(error.code, error.message).toBe(code)
    expect(error.message).toContain(text)
  })

  it.each<[string, Answer, string]>([
    [
      "400",
      (r) => r.writeHead(400).end('{"code":3,"message":"invalid type, must be hashedrekord"}'),
      "E_SERVICE_REFUSED",
    ],
    ["no proof", (r) => r.writeHead(201).end('{"logIndex":"1","logId":{"keyId":"AA=="}}'), "E_SERVICE_PROTOCOL"],
    ["unknown members", (r) => r.writeHead(201).end('{"logIndexes":"1"}'), "E_SERVICE_PROTOCOL"],
    ["empty", (r) => r.writeHead(201).end(), "E_SERVICE_PROTOCOL"],
  ])("version 2: %s", async (_, answer, code) => {
    const { url, logs } = await serve(answer)
    expect((await failure(logs.add({ url, majorApiVersion: 2 }, await proposal()))).code).toBe(code)
  })

  it.each([1, 2] as const)("an answer about another signature is refused, version %i", async (majorApiVersion) => {
    const url = majorApiVersion === 1 ? sandbox.services.rekor : sandbox.services.rekor2
    const http = sandboxClient
    const other = await proposal("something else")
    const swapped: HttpClient = {
      close: () => http.close(),
      request: async (request) => {
        const body = request.body !== undefined && "bytes" in request.body ? swapOf(request.body.bytes) : undefined
        return http.request(body === undefined ? request : { ...request, body: { bytes: body } })
      },
    }
    let replacement: Uint8Array | undefined
    const swapOf = (bytes: Uint8Array): Uint8Array => replacement ?? bytes
    const recorder: HttpClient = {
      close: () => http.close(),
      request: (request) => {
        if (request.body !== undefined && "bytes" in request.body) replacement = request.body.bytes
        return Promise.reject(new Error("recorded"))
      },
    }
    await failure(
      createTransparencyLogs({ http: () => Promise.resolve(recorder) }).add({ url, majorApiVersion }, other),
    )
    const logs = createTransparencyLogs({ http: () => Promise.resolve(swapped) })
    const error = await failure(logs.add({ url, majorApiVersion }, await proposal()))
    expect(error.code).toBe("E_SERVICE_PROTOCOL")
    expect(error.message).toContain("about something else")
  })

  it("give up on a log that never answers", async () => {
    const { url, logs } = await serve(() => undefined, 100)
    const error = await failure(logs.add({ url, majorApiVersion: 1 }, await proposal()))
    expect(error.code).toBe("E_NET_TIMEOUT")
  })

  it("stop when the caller does", async () => {
    const { url, logs } = await serve(() => undefined)
    const error = await failure(logs.add({ url, majorApiVersion: 2 }, await proposal(), AbortSignal.timeout(50)))
    expect(error.code).toBe("E_NET_TIMEOUT")
    expect(error.message).not.toContain("did not answer in time")
  })
})
