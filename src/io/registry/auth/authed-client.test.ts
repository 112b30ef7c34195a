import type { IncomingMessage, ServerResponse } from "node:http"
import { afterEach, describe, expect, it } from "vitest"

import type { Logger } from "../../../core/ports.ts"
import { createHttpClient } from "../../net/http-client.ts"
import { failure, readRequest, serveHttp, type TestServer } from "../../net/test-servers.ts"
import { createAuthedClient, type AuthedClientOptions } from "./authed-client.ts"
import { fixedCredentials, type Credential } from "./credentials.ts"
import type { RegistryHttp } from "./registry-http.ts"

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

function keep<T extends { close(): Promise<void> }>(one: T): T {
  open.push(one)
  return one
}

const logger: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined }

const user: Credential = { kind: "basic", username: "alice", password: "wonder:land", source: "the command line" }
const identity: Credential = { kind: "identity-token", username: "alice", token: "IDENTITY", source: "a file" }
const BASIC = `Basic ${Buffer.from("alice:wonder:land").toString("base64")}`

interface World {
  readonly client: RegistryHttp
  /** Moves the clock, milliseconds. */
  pass(ms: number): void
}

function connect(registry: TestServer, credential?: Credential, more: Partial<AuthedClientOptions> = {}): World {
  let now = Date.UTC(2026, 0, 1)
  const clock = { now: () => now }
  const http = keep(createHttpClient({ userAgent: "t", clock, sleep: () => Promise.resolve() }))
  const client = createAuthedClient({
    http,
    registryOrigin: registry.origin,
    registry: `127.0.0.1:${registry.port}`,
    credentials: fixedCredentials(credential),
    clock,
    logger,
    ...more,
  })
  return { client, pass: (ms) => (now += ms) }
}

const pull = ["repository:team/app:pull"]
const push = ["repository:team/app:pull,push"]

/** Token service that gives `t1`, `t2`, … and remembers scopes and credentials. */
async function tokenService(
  decide: (scopes: readonly string[], request: IncomingMessage) => number = () => 200,
): Promise<TestServer & { readonly asked: string[][] }> {
  const asked: string[][] = []
  const server = await serveHttp((request, response) => {
    const url = new URL(request.url ?? "", "http://x")
    const scopes = url.searchParams.getAll("scope")
    asked.push(scopes)
    const status = decide(scopes, request)
    response.writeHead(status)
    response.end(
      JSON.stringify(
        status === 200 ? { token: `t${asked.length}`, expires_in: 300 } : { errors: [{ code: "DENIED" }] },
      ),
    )
  })
  return keep({ ...server, asked })
}

function challenge(response: ServerResponse, value: string | string[], status = 401): void {
  response.writeHead(status, { "WWW-Authenticate": value }).end("{}")
}

/** Registry that wants a Bearer token and takes those `accepts` likes. */
async function bearerRegistry(
  realm: () => string,
  accepts: (token: string, request: IncomingMessage) => boolean,
  extra = "",
): Promise<TestServer> {
  return keep(
    await serveHttp((request, response) => {
      const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1]
      if (token !== undefined && accepts(token, request)) response.end("content")
      else challenge(response, `Bearer realm="${realm()}",service="reg"${extra}`)
    }),
  )
}

async function get(world: World, registry: TestServer, scope: readonly string[] = pull): Promise<number> {
  const response = await world.client.request({ method: "GET", url: `${registry.origin}/v2/team/app/x`, scope })
  await response.discard()
  return response.status
}

describe("Basic", () => {
  it("sends nothing first, credentials after the challenge, and at once from then on", async () => {
    const registry = keep(
      await serveHttp((request, response) => {
        if (request.headers.authorization === BASIC) response.end()
        else challenge(response, 'Basic realm="r"')
      }),
    )
    const world = connect(registry, user)
    expect([await get(world, registry), await get(world, registry)]).toEqual([200, 200])
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, BASIC, BASIC])
  })

  it.each([
    ["no credentials", undefined, 1],
    ["refused credentials", user, 2],
    ["an unusable kind", { ...identity, username: undefined }, 1],
  ])("%s: the 401 is the answer and nothing loops", async (_name, credential, requests) => {
    const registry = keep(
      await serveHttp((_request, response) => {
        challenge(response, 'Basic realm="r"')
      }),
    )
    expect(await get(connect(registry, credential), registry)).toBe(401)
    expect(registry.seen.length).toBe(requests)
  })

  it.each(["Negotiate", "NTLM", ""])("an answer with challenge %j alone stands", async (value) => {
    const registry = keep(
      await serveHttp((_request, response) => {
        challenge(response, value)
      }),
    )
    expect(await get(connect(registry, user), registry)).toBe(401)
    expect(registry.seen.length).toBe(1)
  })

  it("takes the first scheme it can answer", async () => {
    const tokens = await tokenService()
    const registry = keep(
      await serveHttp((request, response) => {
        if (request.headers.authorization === undefined) {
          challenge(response, ["Negotiate", 'Basic realm="r"', `Bearer realm="${tokens.origin}/t",service="reg"`])
        } else response.end()
      }),
    )
    await get(connect(registry, user), registry)
    await get(connect(registry), registry)
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      BASIC,
      undefined,
      "Bearer t1",
    ])
  })
})

describe("Bearer", () => {
  it("asks for the union of rights once and keeps the token per rights", async () => {
    const tokens = await tokenService()
    const registry = await bearerRegistry(
      () => `${tokens.origin}/token?x=1`,
      () => true,
      ',scope="repository:team/app:pull"',
    )
    const world = connect(registry, user)
    for (const scope of [pull, pull, push, push]) expect(await get(world, registry, scope)).toBe(200)
    expect(tokens.asked).toEqual([["repository:team/app:pull"], ["repository:team/app:pull,push"]])
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      "Bearer t1",
      "Bearer t1",
      "Bearer t2",
      "Bearer t2",
    ])
    const asked = new URL(tokens.seen[0]!.url, tokens.origin)
    expect([...asked.searchParams]).toEqual([
      ["x", "1"],
      ["service", "reg"],
      ["scope", "repository:team/app:pull"],
      ["account", "alice"],
    ])
    expect(tokens.seen[0]!.headers.authorization).toBe(BASIC)
  })

  it("asks anonymously without credentials", async () => {
    const tokens = await tokenService()
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => true,
    )
    expect(await get(connect(registry), registry)).toBe(200)
    expect(tokens.seen[0]!.headers.authorization).toBeUndefined()
  })

  it("asks once for many requests at the same time", async () => {
    const tokens = await tokenService()
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => true,
    )
    const world = connect(registry)
    await Promise.all(Array.from({ length: 10 }, () => get(world, registry)))
    expect(tokens.asked.length).toBe(1)
  })

  it("does not wait for itself when the token service is on the registry's own host", async () => {
    const registry: TestServer = keep(
      await serveHttp((request, response) => {
        if (request.url?.startsWith("/token")) response.end('{"token":"t"}')
        else if (request.headers.authorization === "Bearer t") response.end()
        else {
          response.writeHead(401, { "WWW-Authenticate": `Bearer realm="${registry.origin}/token"` })
          response.write("a body of no known length")
          response.end()
        }
      }),
    )
    const http = keep(createHttpClient({ userAgent: "t", perHost: 2 }))
    const world = connect(registry, undefined, { http })
    const all = await Promise.all(Array.from({ length: 8 }, () => get(world, registry)))
    expect(all).toEqual(Array(8).fill(200))
  })

  it("fetches a new token when the old one is about to end", async () => {
    const tokens = await tokenService()
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => true,
    )
    const world = connect(registry)
    await get(world, registry)
    world.pass(269_000)
    await get(world, registry)
    expect(tokens.asked.length).toBe(1)
    world.pass(2_000)
    await get(world, registry)
    expect(tokens.asked.length).toBe(2)
  })

  it("replaces a token that ends half-way, once, also for an upload", async () => {
    const tokens = await tokenService()
    let valid = "t1"
    const bodies: string[] = []
    const registry = keep(
      await serveHttp((request, response) => {
        void readRequest(request).then((body) => {
          bodies.push(body)
          if (request.headers.authorization === `Bearer ${valid}`) response.end()
          else challenge(response, `Bearer realm="${tokens.origin}/t",error="invalid_token"`)
        })
      }),
    )
    const world = connect(registry)
    expect(await get(world, registry)).toBe(200)
    valid = "t2"
    const body = { size: 3, open: () => [new TextEncoder().encode("abc")] as unknown as AsyncIterable<Uint8Array> }
    const response = await world.client.request({ method: "PATCH", url: registry.origin, scope: pull, body })
    expect([response.status, bodies]).toEqual([200, ["", "", "abc", "abc"]])
    expect(tokens.asked.length).toBe(2)
  })

  it("stops when no token helps", async () => {
    const tokens = await tokenService()
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => false,
    )
    const world = connect(registry, user)
    expect(await get(world, registry)).toBe(401)
    expect([registry.seen.length, tokens.asked.length]).toEqual([2, 1])
    expect(await get(world, registry)).toBe(401)
    expect(registry.seen.length).toBeLessThanOrEqual(4)
  })

  it.each([401, 403])("answers insufficient_scope under %i with a wider token", async (status) => {
    const tokens = await tokenService()
    const registry = keep(
      await serveHttp((request, response) => {
        const { authorization } = request.headers
        const bearer = `Bearer realm="${tokens.origin}/t",service="reg"`
        if (authorization === undefined) challenge(response, bearer)
        else if (authorization === "Bearer t1") {
          challenge(response, `${bearer},scope="repository:team/app:delete",error="insufficient_scope"`, status)
        } else response.end()
      }),
    )
    expect(await get(connect(registry), registry)).toBe(200)
    expect(tokens.asked).toEqual([["repository:team/app:pull"], ["repository:team/app:delete,pull"]])
  })

  it("asks for the challenged right alone when the union is refused", async () => {
    const tokens = await tokenService((scopes) => (scopes.includes("repository:team/app:pull") ? 200 : 403))
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => true,
      ',scope="repository:team/app:pull"',
    )
    expect(await get(connect(registry, user), registry, push)).toBe(200)
    expect(tokens.asked).toEqual([["repository:team/app:pull,push"], ["repository:team/app:pull"]])
  })

  it.each([
    [401, "E_REGISTRY_UNAUTHENTICATED", user, "(from the command line)"],
    [401, "E_REGISTRY_UNAUTHENTICATED", undefined, "without credentials"],
    [403, "E_REGISTRY_DENIED", user, "403 DENIED"],
    [404, "E_REGISTRY_PROTOCOL", user, "404"],
    [503, "E_REGISTRY_UNAVAILABLE", user, "503"],
    [429, "E_REGISTRY_RATE_LIMITED", user, "429"],
  ] as const)("a token service that answers %i is %s", async (status, code, credential, why) => {
    const tokens = await tokenService(() => status)
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => true,
    )
    const error = await failure(get(connect(registry, credential), registry))
    expect([error.code, error.why]).toEqual([code, expect.stringContaining(why)])
    expect(JSON.stringify([error.message, error.next, error.details])).not.toMatch(/wonder/)
  })

  it.each([
    ["no JSON", "<html>"],
    ["no object", "[]"],
    ["no token", "{}"],
    ["an empty token", '{"token":""}'],
    ["a token that is a number", '{"token":1}'],
    ["a token with a line break", '{"token":"a\\r\\nX: y"}'],
    ["two tokens", '{"token":"a","token":"b"}'],
  ])("a token answer with %s is refused and not shown", async (_name, body) => {
    const tokens = keep(await serveHttp((_request, response) => response.end(body)))
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      () => true,
    )
    const error = await failure(get(connect(registry), registry))
    expect(error.code).toBe("E_REGISTRY_PROTOCOL")
  })

  it("adv: ggcr-2296 a token answer of 10 MiB and an endless refusal are not read to the end", async () => {
    const endless = (_request: IncomingMessage, response: ServerResponse): void => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(65_536, 32), () => setImmediate(more))
      }
      more()
    }
    const large = keep(await serveHttp((_request, response) => response.end(`{"token":"${"x".repeat(10_485_760)}"}`)))
    const refusing = keep(
      await serveHttp((request, response) => {
        response.statusCode = 401
        endless(request, response)
      }),
    )
    const unlimited = keep(await serveHttp(endless))
    for (const [tokens, code] of [
      [large, "E_NET_TOO_LARGE"],
      [unlimited, "E_NET_TOO_LARGE"],
      [refusing, "E_REGISTRY_UNAUTHENTICATED"],
    ] as const) {
      const registry = await bearerRegistry(
        () => `${tokens.origin}/t`,
        () => true,
      )
      expect((await failure(get(connect(registry), registry))).code).toBe(code)
    }
  })
})

describe("other credentials", () => {
  it("exchanges an identity token by the OAuth2 form", async () => {
    const forms: [string, string][][] = []
    const tokens = keep(
      await serveHttp((request, response) => {
        void readRequest(request).then((body) => {
          forms.push([...new URLSearchParams(body)])
          response.end('{"access_token":"good","token":"old"}')
        })
      }),
    )
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      (token) => token === "good",
    )
    expect(await get(connect(registry, identity), registry)).toBe(200)
    expect(tokens.seen[0]).toMatchObject({ method: "POST", url: "/t" })
    expect(tokens.seen[0]!.headers.authorization).toBeUndefined()
    expect(forms).toEqual([
      [
        ["grant_type", "refresh_token"],
        ["refresh_token", "IDENTITY"],
        ["service", "reg"],
        ["client_id", "countersign"],
        ["scope", "repository:team/app:pull"],
      ],
    ])
  })

  it.each([404, 405])("falls back to the GET form after %i", async (status) => {
    const tokens = keep(
      await serveHttp((request, response) => {
        response.writeHead(request.method === "POST" ? status : 200).end('{"token":"good"}')
      }),
    )
    const registry = await bearerRegistry(
      () => `${tokens.origin}/t`,
      (token) => token === "good",
    )
    expect(await get(connect(registry, identity), registry)).toBe(200)
    expect(tokens.seen.map(({ method }) => method)).toEqual(["POST", "GET"])
  })

  it("sends a registry token as it is, once the registry asked for one", async () => {
    const registry = await bearerRegistry(
      () => "http://127.0.0.1:1/",
      (token) => token === "R",
    )
    const world = connect(registry, { kind: "registry-token", token: "R", source: "x" })
    expect([await get(world, registry), await get(world, registry)]).toEqual([200, 200])
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer R", "Bearer R"])
    expect(await get(connect(registry, { kind: "registry-token", token: "WRONG", source: "x" }), registry)).toBe(401)
    expect(registry.seen.length).toBe(5)
  })

  // cosign 2.5.0 and 3.1.1 answer Basic with the token, too.
  it.each(["Basic realm=x", "Digest realm=x", undefined])(
    "answers a 401 with %s with a registry token",
    async (value) => {
      const registry = keep(
        await serveHttp((request, response) => {
          if (request.headers.authorization !== undefined) response.end("content")
          else response.writeHead(401, value === undefined ? {} : { "WWW-Authenticate": value }).end("{}")
        }),
      )
      const world = connect(registry, { kind: "registry-token", token: "R", source: "x" })
      expect([await get(world, registry), await get(world, registry)]).toEqual([200, 200])
      expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer R", "Bearer R"])
    },
  )

  it.each([
    ["nobody asked", 200, undefined],
    ["a scheme is named without need", 200, "Bearer realm=https://tok.example/t"],
    ["access was denied", 403, "Bearer realm=https://tok.example/t"],
  ])("sends no registry token when %s", async (_name, status, value) => {
    const registry = keep(
      await serveHttp((_request, response) => {
        response.writeHead(status, value === undefined ? {} : { "WWW-Authenticate": value }).end("{}")
      }),
    )
    const world = connect(registry, { kind: "registry-token", token: "R", source: "x" })
    expect([await get(world, registry), await get(world, registry)]).toEqual([status, status])
    expect(registry.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
  })
})
