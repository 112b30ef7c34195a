import { generateKeyPairSync } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type { RequestListener } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeJwt, decodeProtectedHeader } from "jose"
import { afterAll, afterEach, describe, expect, it } from "vitest"
import { failure, readRequest, serveHttp, type TestServer } from "../../../net/test-servers.ts"
import type { OidcContext } from "../context.ts"
import { makeContext, type TestContext } from "../test-context.ts"
import { sampleToken } from "../test-tokens.ts"
import { providers } from "./providers.ts"
import { ambientToken, expected, TOKEN } from "./test-ambient.ts"

const folder = mkdtempSync(join(tmpdir(), "countersign-oidc-"))
const opened: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

let files = 0

function file(text: string): string {
  const path = join(folder, `file-${files++}`)
  writeFileSync(path, text)
  return path
}

interface Asked {
  readonly line: string
  readonly authorization: string | undefined
  readonly flavor: string | undefined
  readonly body: string
}

type Reply = readonly [status: number, body: unknown, headers?: Record<string, string>]

/** A server that gives the replies in turn, the last one again and again. */
async function serve(...replies: readonly Reply[]): Promise<TestServer & { readonly asked: Asked[] }> {
  const asked: Asked[] = []
  const listener: RequestListener = (request, response) => {
    void readRequest(request).then((body) => {
      const [status, value, headers] = replies[Math.min(asked.length, replies.length - 1)]!
      const { authorization, "metadata-flavor": flavor } = request.headers
      const line = `${request.method ?? ""} ${request.url ?? ""}`
      asked.push({ line, authorization, flavor: flavor as string | undefined, body })
      response.writeHead(status, headers).end(typeof value === "string" ? value : JSON.stringify(value))
    })
  }
  const server = await serveHttp(listener)
  opened.push(server)
  return { ...server, asked }
}

function context(): TestContext {
  const ctx = makeContext()
  opened.push(ctx)
  return ctx
}

const get = (facts: Partial<OidcContext>, provider?: string): ReturnType<typeof ambientToken> =>
  ambientToken(opened, facts, provider)

describe("the order of providers", () => {
  it("is the documented one", () => {
    expect(providers.map((one) => one.name)).toEqual([
      ...["envvar", "filesystem", "github-actions", "google-workload-identity", "google-impersonate", "spiffe"],
      "buildkite-agent",
    ])
  })

  it("takes the variable before the file, and the next one when one fails", async () => {
    const places = { tokenFile: file(sampleToken({ sub: "from-file" })) }
    const both = get({ env: { SIGSTORE_ID_TOKEN: `${TOKEN}\n` }, places })
    expect(await both.got).toEqual(expected("envvar"))
    const broken = get({ places: { tokenFile: file("nonsense") }, env: await buildkite([200, { token: TOKEN }]) })
    expect(await broken.got).toEqual(expected("buildkite-agent"))
    expect(broken.ctx.events.join()).toContain("oidc.provider_failed")
  })

  it("says why the first one failed when all do", async () => {
    const { got } = get({ places: { tokenFile: file("nonsense") }, env: await buildkite([500, {}]) })
    const error = await failure(got)
    expect([error.code, error.message]).toEqual(["E_OIDC_REJECTED", expect.stringContaining("expected three parts")])
  })

  it("uses the one that was named alone", async () => {
    const env = { SIGSTORE_ID_TOKEN: sampleToken({ sub: "other" }), ...(await buildkite([200, { token: TOKEN }])) }
    expect(await get({ env }, "buildkite-agent").got).toEqual(expected("buildkite-agent"))
  })

  it.each([
    ["google", "E_USAGE", "google is not a valid provider"],
    ["__proto__", "E_USAGE", "is not a valid provider"],
    ["github-actions", "E_OIDC_NO_TOKEN", "id-token: write"],
    ["spiffe", "E_OIDC_NO_TOKEN", "SPIFFE_ENDPOINT_SOCKET"],
    ["envvar", "E_OIDC_NO_TOKEN", "SIGSTORE_ID_TOKEN"],
  ])("refuses the name %s", async (name, code, words) => {
    const error = await failure(get({ env: { SIGSTORE_ID_TOKEN: "" } }, name).got)
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(words)])
  })

  it("says that nobody can be asked", async () => {
    const error = await failure(get({}).got)
    expect([error.code, error.why]).toEqual(["E_OIDC_NO_TOKEN", expect.stringContaining("nobody can be asked")])
  })

  it("refuses a variable that holds no token, and shows nothing of it", async () => {
    const error = await failure(get({ env: { SIGSTORE_ID_TOKEN: "insecure-test-secret" } }).got)
    expect(error.code).toBe("E_OIDC_REJECTED")
    expect(error.message).not.toContain("insecure-test-secret")
    expect(error.what).toBe("the token in SIGSTORE_ID_TOKEN is no identity token")
    expect(error.next.join()).toMatch(/check what SIGSTORE_ID_TOKEN holds.*unset it/)
    expect(error.next.join()).not.toContain("insecure-test-secret")
  })

  it("gives the catalogue's advice about a token of anything else", async () => {
    const error = await failure(get({ places: { tokenFile: file("nonsense") } }).got)
    expect(error.next.join()).not.toContain("SIGSTORE_ID_TOKEN")
  })
})

async function github(...replies: readonly Reply[]) {
  const server = await serve(...replies)
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${server.origin}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "insecure-test-request-token",
  }
  return { server, ...get({ env }) }
}

describe("GitHub Actions", () => {
  it("asks for the audience with the job's token", async () => {
    const { server, got } = await github([200, { value: TOKEN }])
    expect(await got).toEqual(expected("github-actions"))
    expect(server.asked).toEqual([
      {
        line: "GET /token?api-version=2.0&audience=sigstore",
        authorization: "bearer insecure-test-request-token",
        flavor: undefined,
        body: "",
      },
    ])
  })

  it("tries three times, a second apart", async () => {
    const { ctx, got } = await github([500, "x"], [502, "x"], [200, { value: TOKEN }])
    expect(await got).toEqual(expected("github-actions"))
    expect(ctx.slept).toEqual([1, 1])
  })

  it.each<[string, readonly Reply[], string, string, number]>([
    ["no permission", [[403, { message: "no" }]], "E_OIDC_PERMISSION", "status 403: no", 1],
    ["always failing", [[500, ""]], "E_OIDC_REJECTED", "status 500", 3],
    ["no value", [[200, { token: TOKEN }]], "E_OIDC_REJECTED", "its answer has no value", 1],
    ["a value that is no token", [[200, { value: "a.b" }]], "E_OIDC_REJECTED", "expected three parts", 1],
    ["a redirect elsewhere", [[302, "", { location: "https://evil.example/" }]], "E_OIDC_REJECTED", "evil.example", 1],
  ])("fails: %s", async (_, replies, code, words, count) => {
    const { server, got } = await github(...replies)
    const error = await failure(got)
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.message).not.toContain("insecure-test")
    expect(server.asked).toHaveLength(count)
  })

  it("tells a job without the permission what to grant", async () => {
    const error = await failure(get({ env: { GITHUB_ACTIONS: "true" } }).got)
    expect([error.code, error.next]).toEqual(["E_OIDC_PERMISSION", [expect.stringContaining("id-token: write")]])
  })

  it("refuses an address that is none", async () => {
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: "nowhere", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t" }
    expect((await failure(get({ env }).got)).code).toBe("E_CONFIG_INVALID")
  })
})

async function buildkite(...replies: readonly Reply[]): Promise<Record<string, string>> {
  const server = await serve(...replies)
  return {
    BUILDKITE_AGENT_ACCESS_TOKEN: "insecure-test-agent-token",
    BUILDKITE_AGENT_ENDPOINT: `${server.origin}/v3/`,
    BUILDKITE_JOB_ID: "job/1",
  }
}

describe("Buildkite", () => {
  it("asks the agent service for the job", async () => {
    const server = await serve([200, { token: TOKEN }])
    const env = {
      BUILDKITE_AGENT_ACCESS_TOKEN: "insecure-test-agent-token",
      BUILDKITE_AGENT_ENDPOINT: `${server.origin}/v3`,
      BUILDKITE_JOB_ID: "0190",
    }
    expect(await get({ env }).got).toEqual(expected("buildkite-agent"))
    expect(server.asked).toEqual([
      {
        line: "POST /v3/jobs/0190/oidc/tokens",
        authorization: "Token insecure-test-agent-token",
        flavor: undefined,
        body: '{"audience":"sigstore"}',
      },
    ])
  })

  it.each<[string, Reply, string]>([
    ["refused", [401, { message: "Unauthorized" }], "E_OIDC_PERMISSION"],
    ["no token", [200, {}], "E_OIDC_REJECTED"],
    ["down", [503, ""], "E_OIDC_REJECTED"],
    ["a redirect", [307, "", { location: "/elsewhere" }], "E_OIDC_REJECTED"],
  ])("fails: %s", async (_, reply, code) => {
    const error = await failure(get({ env: await buildkite(reply) }).got)
    expect(error.code).toBe(code)
    expect(error.message).not.toContain("insecure-test")
  })

  it.each(["BUILDKITE_JOB_ID", "BUILDKITE_AGENT_ENDPOINT"])("needs a usable %s", async (name) => {
    const env = { ...(await buildkite([200, { token: TOKEN }])), [name]: name.endsWith("ID") ? "" : "nowhere" }
    expect((await failure(get({ env }).got)).code).toBe("E_CONFIG_INVALID")
  })
})

const GOOGLE = { "metadata-flavor": "Google" }
const host = ({ origin }: TestServer): string => new URL(origin).host

describe("Google", () => {
  it("asks the metadata service, after a look whether it gives tokens", async () => {
    const server = await serve([200, "probe", GOOGLE], [200, TOKEN, GOOGLE])
    expect(await get({ env: { GCE_METADATA_HOST: host(server) } }).got).toEqual(expected("google-workload-identity"))
    const path = "GET /computeMetadata/v1/instance/service-accounts/default/identity?audience="
    expect(server.asked.map((one) => one.line)).toEqual([`${path}garbage&format=full`, `${path}sigstore&format=full`])
    expect(server.asked.every((one) => one.flavor === "Google")).toBe(true)
  })

  it.each<[string, Reply]>([
    ["another server", [200, TOKEN]],
    ["no identity", [404, "", GOOGLE]],
    ["a redirect", [302, "", { ...GOOGLE, location: "/x" }]],
  ])("passes over %s", async (_, reply) => {
    const server = await serve(reply)
    expect((await failure(get({ env: { GCE_METADATA_HOST: host(server) } }).got)).code).toBe("E_OIDC_NO_TOKEN")
  })

  it("knows its machines by their product name, and asks nobody elsewhere", async () => {
    const places = { productName: file("Standard PC\n"), tokenFile: "/nonexistent", spiffeSocket: "/nonexistent" }
    const directHttp = (): never => {
      throw new Error("asked")
    }
    expect((await failure(get({ places, directHttp }).got)).code).toBe("E_OIDC_NO_TOKEN")
  })

  it("asks the machine it was told to, whatever the product name", async () => {
    const server = await serve([200, TOKEN, GOOGLE])
    const http = await context().directHttp()
    const directHttp: OidcContext["directHttp"] = () =>
      Promise.resolve({
        ...http,
        request: (request) =>
          http.request({ ...request, url: request.url.replace("http://169.254.169.254", server.origin) }),
      })
    expect(await get({ directHttp }, "google-workload-identity").got).toEqual(expected("google-workload-identity"))
    const places = { productName: file("Google Compute Engine\n"), tokenFile: "/none", spiffeSocket: "/none" }
    expect(await get({ directHttp, places }).got).toEqual(expected("google-workload-identity"))
    expect(server.asked).toHaveLength(3)
  })

  const impersonated = (server: TestServer, more: Record<string, string>): Partial<OidcContext> => ({
    env: { GOOGLE_SERVICE_ACCOUNT_NAME: "signer@project.iam.example", ...more },
    places: { googleIam: server.origin, tokenFile: "/none", spiffeSocket: "/none", productName: "/none" },
  })
  const generate = "POST /v1/projects/-/serviceAccounts/signer%40project.iam.example:generateIdToken"

  it("acts as another account with a service account's key", async () => {
    const iam = await serve([200, { token: TOKEN }])
    const tokens = await serve([200, { access_token: "insecure-test-access" }])
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const credentials = file(
      JSON.stringify({
        type: "service_account",
        client_email: "caller@project.iam.example",
        private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
        token_uri: `${tokens.origin}/token`,
      }),
    )
    const { got } = get(impersonated(iam, { GOOGLE_APPLICATION_CREDENTIALS: credentials }))
    expect(await got).toEqual(expected("google-impersonate"))
    expect(iam.asked).toEqual([
      {
        line: generate,
        authorization: "Bearer insecure-test-access",
        flavor: undefined,
        body: '{"audience":"sigstore","includeEmail":true}',
      },
    ])
    const form = new URLSearchParams(tokens.asked[0]!.body)
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer")
    const assertion = form.get("assertion")!
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: "RS256", typ: "JWT" })
    expect(decodeJwt(assertion)).toMatchObject({ iss: "caller@project.iam.example", aud: `${tokens.origin}/token` })
  })

  it("acts as another account with the machine's own", async () => {
    const iam = await serve([200, { token: TOKEN }])
    const machine = await serve([404, "", GOOGLE], [200, '{"access_token":"insecure-test-access"}', GOOGLE])
    const { got } = get(impersonated(iam, { GCE_METADATA_HOST: host(machine) }))
    expect(await got).toEqual(expected("google-impersonate"))
    expect(machine.asked[1]!.line).toBe("GET /computeMetadata/v1/instance/service-accounts/default/token")
    expect(iam.asked[0]!.authorization).toBe("Bearer insecure-test-access")
  })

  it.each<[string, string, string]>([
    ["of another type", '{"type":"external_account"}', "its type is external_account"],
    ["without a key", '{"type":"service_account","client_email":"a"}', "its member private_key is missing"],
    [
      "with a broken key",
      '{"type":"service_account","client_email":"a","private_key":"insecure-test-x"}',
      "no RSA key",
    ],
    ["that is no JSON", "x", "its member type is missing"],
  ])("refuses a credentials file %s", async (_, text, words) => {
    const iam = await serve([200, { token: TOKEN }])
    const error = await failure(get(impersonated(iam, { GOOGLE_APPLICATION_CREDENTIALS: file(text) })).got)
    expect([error.code, error.message]).toEqual(["E_CONFIG_INVALID", expect.stringContaining(words)])
    expect(error.message).not.toContain("insecure-test")
    expect(iam.asked).toEqual([])
  })

  it("says that the role is missing", async () => {
    const iam = await serve([403, { error: { message: "denied" } }])
    const machine = await serve([404, "", GOOGLE], [200, '{"access_token":"insecure-test-access"}', GOOGLE])
    const error = await failure(get(impersonated(iam, { GCE_METADATA_HOST: host(machine) })).got)
    expect(error.code).toBe("E_OIDC_PERMISSION")
    expect(error.message).not.toContain("insecure-test")
  })
})
