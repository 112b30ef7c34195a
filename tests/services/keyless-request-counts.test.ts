/** What verifying the signature of an identity costs: requests and round trips are counted, time is not. */
import { writeFile } from "node:fs/promises"
import { createServer, request as forward, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { verify } from "../../src/index.ts"
import {
  startTestRegistry,
  startTestSandbox,
  type RecordedRequest,
  type TestRegistry,
  type TestSandbox,
} from "../../src/testing/index.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { putImage } from "../interop/images.ts"

const ALICE = "alice@example.com"
const PLACES = ["native", "absent"] as const
const LAYOUTS = {
  "bundle, log version 1": ["v1", "cosign-v3"],
  "bundle, log version 2 and timestamp": ["v2", "cosign-v3"],
  "signature tag": ["v1", "cosign-v2"],
} as const
type Layout = keyof typeof LAYOUTS

let sandbox: TestSandbox
let tool: TestProcess
let registries: Readonly<Record<(typeof PLACES)[number], TestRegistry>>
/** `repository@digest` by layout; the same everywhere. */
const images = new Map<Layout, string>()

beforeAll(async () => {
  const [native, absent] = await Promise.all([startTestRegistry(), startTestRegistry({ referrers: "absent" })])
  registries = { native, absent }
  ;[sandbox, tool] = await Promise.all([startTestSandbox(), startProcess()])
  await writeFile(tool.path("root.json"), sandbox.trustedRoot)
  const config = { v1: sandbox.files.signingConfig, v2: sandbox.files.signingConfigV2 }
  for (const [layout, [log, format]] of Object.entries(LAYOUTS) as [Layout, (typeof LAYOUTS)[Layout]][]) {
    const name = `team/app-${log}-${format}`
    const token = await sandbox.token({ email: ALICE })
    const services = ["--signing-config", config[log], "--trusted-root", tool.path("root.json")]
    for (const place of PLACES) {
      const { digest } = await putImage(registries[place].address, name, layout, "1")
      images.set(layout, `${name}@${digest}`)
      const reference = `${registries[place].address}/${name}@${digest}`
      const given = ["--keyless", "--yes", "--identity-token", token, ...services, "--format", format]
      const ran = await tool.run("sign", ...given, reference)
      if (ran.exit !== 0) throw new Error(ran.stderr)
    }
  }
  // From here on only the registries are left.
  await sandbox.close()
}, 60_000)

afterAll(async () => {
  await tool.close()
  await Promise.all(PLACES.map((place) => registries[place].close()))
})

/** What trusts Alice, with everything in a file. */
function alice(): { readonly sigstore: NonNullable<Parameters<typeof verify>[0]["sigstore"]> } {
  const { oidc } = sandbox.services
  return { sigstore: { identities: [ALICE], issuer: oidc, trustedRoot: tool.path("root.json"), offline: true } }
}

function told(requests: readonly RecordedRequest[]): readonly string[] {
  return requests.map(({ method, path, status }) => {
    const what = path.replace(/^\/v2\/team\/[^/]+\//, "").replace(/\?.*$/, "?")
    return `${method} ${what.replace(/sha256([:-])[0-9a-f]{64}/, "sha256$1…")} ${status}`
  })
}

/**
 * A way to a registry that counts round trips: answers are held back until the client has nothing more to ask, so that what
 * can be asked side by side is.
 */
async function countedWay(
  registry: TestRegistry,
): Promise<{ address: string; trips: () => number; close(): Promise<void> }> {
  let trips = 0
  let waiting: (() => void)[] = []
  const release = (turns: number, seen: number): void => {
    // Whoever is still busy with what came before gets its turns.
    if (waiting.length !== seen) setImmediate(release, TURNS, waiting.length)
    else if (turns > 0) setImmediate(release, turns - 1, seen)
    else {
      trips++
      for (const go of waiting.splice(0)) go()
    }
  }
  const server: Server = createServer((request, response) => {
    const onward = forward(`${registry.url}${request.url ?? ""}`, { headers: request.headers }, (answer) => {
      waiting.push(() => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      if (waiting.length === 1) release(TURNS, 0)
    })
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    trips: () => trips,
    close: () => {
      waiting = []
      server.closeAllConnections()
      return new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
      })
    },
  }
}

const TURNS = 200

const BUNDLE = ["GET manifests/sha256:… 200", "GET blobs/sha256:… 200"]
const TAG = ["GET manifests/sha256-….sig 200", "GET blobs/sha256:… 200"]

describe("one verification of an identity by digest, with a trusted root in a file", () => {
  it.each<[Layout, (typeof PLACES)[number], readonly string[]]>([
    ["bundle, log version 1", "native", ["GET referrers/sha256:… 200", ...BUNDLE]],
    ["bundle, log version 2 and timestamp", "native", ["GET referrers/sha256:… 200", ...BUNDLE]],
    ["signature tag", "native", ["GET referrers/sha256:… 200", ...TAG]],
    // Without the API the place where bundles are listed is asked for second (docs/adr/0003).
    ["bundle, log version 1", "absent", ["GET referrers/sha256:… 404", "GET manifests/sha256-… 200", ...BUNDLE]],
    ["signature tag", "absent", ["GET referrers/sha256:… 404", "GET manifests/sha256-… 404", ...TAG]],
  ])("%s, referrers API %s", async (layout, place, expected) => {
    const registry = registries[place]
    registry.clearRequests()
    const way = await countedWay(registry)
    try {
      const { report } = await verify({ artifacts: [`${way.address}/${images.get(layout) ?? ""}`], ...alice() })
      expect(report.artifacts.map(({ state }) => state)).toEqual(["verified"])
      expect(told(registry.requests)).toEqual(expected)
      expect(expected.length).toBeLessThanOrEqual(4)
      // With the API: two after the first.
      expect(way.trips()).toBe(place === "native" ? 3 : 4)
    } finally {
      await way.close()
    }
  })

  it("asks for the tag before", async () => {
    registries.native.clearRequests()
    const [name = ""] = (images.get("bundle, log version 1") ?? "").split("@")
    const { report } = await verify({ artifacts: [`${registries.native.address}/${name}:1`], ...alice() })
    expect(report.artifacts.map(({ state }) => state)).toEqual(["verified"])
    expect(registries.native.requests).toHaveLength(4)
  })

  it("asks side by side for everything that can be, where all places are read", async () => {
    const way = await countedWay(registries.native)
    try {
      const artifacts = [`${way.address}/${images.get("bundle, log version 1") ?? ""}`]
      const { report } = await verify({ artifacts, ...alice(), everything: true })
      expect(report.artifacts.map(({ state }) => state)).toEqual(["verified"])
      expect(way.trips()).toBe(3)
    } finally {
      await way.close()
    }
  })
})
