/** The cosign faces talk to a timestamp authority that knows its clients by certificate. */
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { TLSSocket } from "node:tls"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { cosign2Program, cosignProgram } from "../../src/faces/cosign/program.ts"
import { openTestPki, opensslThere, type TestPki } from "../../src/testing/openssl-authority.ts"
import { startProcess, type TestProcess } from "../faces/cli/process-world.ts"
import { startKeylessWorld, type KeylessWorld } from "./keyless-world.ts"

describe.runIf(opensslThere)("a timestamp authority with client certificates", () => {
  let world: KeylessWorld
  let pki: TestPki
  let server: Server
  let tools: Readonly<Record<"cosign2" | "cosign3", TestProcess>>
  const clients: string[] = []
  let url: string

  beforeAll(async () => {
    world = await startKeylessWorld()
    pki = openTestPki()
    pki.issue("server", "subjectAltName=DNS:tsa.example")
    pki.issue("client", "extendedKeyUsage=clientAuth")
    const file = (name: string): Buffer => Buffer.from(pki.read(name))
    const tls = { key: file("server.key"), cert: file("server.pem"), ca: file("root.pem") }
    server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      const { socket } = request
      if (socket instanceof TLSSocket) clients.push(String(socket.getPeerCertificate().subject.CN))
      const chunks: Buffer[] = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const headers = { "content-type": "application/timestamp-query" }
        void fetch(world.sandbox.services.timestamp, { method: "POST", headers, body: Buffer.concat(chunks) }).then(
          async (answer) => {
            response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" })
            response.end(Buffer.from(await answer.arrayBuffer()))
          },
        )
      })
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`
    const env = { COSIGN_PASSWORD: "" }
    tools = {
      cosign2: await startProcess(cosign2Program, { env }),
      cosign3: await startProcess(cosignProgram, { env }),
    }
    expect(
      (await tools.cosign3.run("generate-key-pair", "--output-key-prefix", world.program.path("cosign"))).exit,
    ).toBe(0)
  })
  afterAll(async () => {
    await Promise.all(Object.values(tools).map((tool) => tool.close()))
    await new Promise((resolve) => server.close(resolve))
    pki.remove()
    await world.close()
  })

  const pem = (name: string): string => `${pki.folder}/${name}`
  const sign = async (tool: "cosign2" | "cosign3", ...more: readonly string[]): ReturnType<TestProcess["run"]> => {
    const old = tool === "cosign3" ? ["--use-signing-config=false", "--new-bundle-format=false"] : []
    const flags = ["-y", "--key", world.program.path("cosign.key"), "--tlog-upload=false", ...old]
    return tools[tool].run("sign", ...flags, "--timestamp-server-url", url, ...more, await world.image())
  }
  const ca = (): readonly string[] => ["--timestamp-client-cacert", pem("root.pem")]
  const client = (): readonly string[] => [
    ...["--timestamp-client-cert", pem("client.pem"), "--timestamp-client-key", pem("client.key")],
  ]
  const tagged = (): number => world.pushed().filter((path) => path.includes("/manifests/sha256-")).length
  const name = ["--timestamp-server-name", "tsa.example"]

  it.each(["cosign2", "cosign3"] as const)("%s shows its certificate", async (tool) => {
    clients.length = 0
    const ran = await sign(tool, ...ca(), ...client(), ...name)
    expect(ran.exit, ran.stderr).toBe(0)
    expect(clients).toEqual(["client"])
  })

  it.each(["cosign2", "cosign3"] as const)("%s is refused without it, and believes no other server", async (tool) => {
    const before = tagged()
    for (const flags of [ca(), [...ca(), ...name], [...client(), ...name], [...ca(), ...client()], []]) {
      const ran = await sign(tool, ...flags)
      expect(ran.exit, flags.join(" ")).toBe(1)
    }
    // What is allowed for registries holds for no other server.
    expect((await sign(tool, "--allow-insecure-registry", ...client(), ...name)).exit).toBe(1)
    // cosign's tags.
    expect(tagged() - before).toBe(0)
  })
})
