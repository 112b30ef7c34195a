import { afterEach, describe, expect, it } from "vitest"

import { serveHttp, type TestServer } from "../../net/test-servers.ts"
import { createHttpClient } from "../../net/http-client.ts"
import { failureError, readFailure } from "../answers.ts"
import { createAuthedClient } from "./authed-client.ts"
import { fixedCredentials, type Credential } from "./credentials.ts"

const running: { close(): Promise<void> }[] = []

function keep<T extends { close(): Promise<void> }>(one: T): T {
  running.push(one)
  return one
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.close()))
})

const SECRET = "wonderland"
const from = "the command line"
const alice: Credential = { kind: "basic", username: "alice", password: SECRET, source: from }
const token: Credential = { kind: "registry-token", token: SECRET, source: from }

function refusing(status: number, challenge: string): Promise<TestServer> {
  return serveHttp((_request, response) => {
    response.writeHead(status, { "www-authenticate": challenge }).end()
  })
}

async function errorOf(server: TestServer, credential: Credential | undefined): ReturnType<typeof readError> {
  const http = keep(createHttpClient({ userAgent: "countersign-test/0" }))
  const client = createAuthedClient({
    http,
    registryOrigin: server.origin,
    registry: `127.0.0.1:${server.port}`,
    credentials: fixedCredentials(credential),
    clock: { now: () => 0 },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
  })
  return readError(client, server)
}

async function readError(
  client: ReturnType<typeof createAuthedClient>,
  server: TestServer,
): Promise<ReturnType<typeof failureError>> {
  const scope = ["repository:team/app:pull"]
  const response = await client.request({ method: "GET", url: `${server.origin}/v2/team/app/manifests/1`, scope })
  return failureError(await readFailure(response), "read manifest 1", `127.0.0.1:${server.port}/team/app`)
}

describe("credentials that a registry refuses", () => {
  it.each([
    ["a user name and password", 'Basic realm="r"', alice, "the credentials of alice (from the command line)"],
    ["a registry token", 'Bearer realm="http://127.0.0.1:1/t"', token, "the registry token (from the command line)"],
  ])("%s: are named as refused, with no secret", async (_name, challenge, credential, who) => {
    const server = keep(await refusing(401, challenge))
    const error = await errorOf(server, credential)
    expect(error.code).toBe("E_REGISTRY_UNAUTHENTICATED")
    expect(error.what).toBe("registry does not accept the credentials: cannot read manifest 1")
    expect(error.why).toContain(`it refused ${who}: `)
    expect(error.next).toContain(`run \`countersign login --username NAME 127.0.0.1:${server.port}\``)
    expect(JSON.stringify([error.message, error.next, error.details])).not.toContain(SECRET)
  })

  it("of another kind than it asks for are named as unfit, and not sent", async () => {
    const server = keep(await refusing(401, 'Digest realm="r"'))
    const error = await errorOf(server, alice)
    expect(error.why).toContain("the credentials of alice (from the command line) do not fit what it asks for")
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  it("are named as well when they lack a right", async () => {
    const server = keep(await refusing(403, 'Basic realm="r"'))
    const seen = keep(
      await serveHttp((request, response) => {
        const known = request.headers.authorization !== undefined
        response.writeHead(known ? 403 : 401, { "www-authenticate": 'Basic realm="r"' }).end()
      }),
    )
    expect((await errorOf(server, alice)).why).not.toContain("alice")
    const error = await errorOf(seen, alice)
    expect([error.code, error.why]).toEqual(["E_REGISTRY_DENIED", expect.stringContaining("credentials of alice")])
  })

  it("none: the registry wants some, and the advice names the real host", async () => {
    const server = keep(await refusing(401, 'Basic realm="r"'))
    const error = await errorOf(server, undefined)
    expect(error.what).toBe("registry wants credentials to read manifest 1")
    expect(error.next).toEqual([`run \`countersign login --username NAME 127.0.0.1:${server.port}\``])
  })
})
