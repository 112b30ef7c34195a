/** Sandbox logs in a process of their own, for tests that kill it: `node sandbox-log-process.ts FOLDER full|fast`. */
import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import { getRequestListener } from "@hono/node-server"
import { localSigningKey } from "../../src/crypto/local-key.ts"
import { parsePrivateKey } from "../../src/crypto/private-key.ts"
import { createRekor } from "../../src/servers/sandbox/rekor/create-rekor.ts"

const [folder = "", durability] = process.argv.slice(2)
const keyOf = async (name: string) => localSigningKey(parsePrivateKey(await readFile(join(folder, name))))
const base = "http://log.test"
const rekor = await createRekor({
  folder: join(folder, "logs"),
  v1: { url: `${base}/rekor`, signer: await keyOf("v1.pem") },
  v2: { url: `${base}/rekor2`, signer: await keyOf("v2.pem") },
  clock: { now: () => Date.now() },
  randomness: { bytes: (count) => new Uint8Array(randomBytes(count)) },
  durability: durability === "full" ? "full" : "fast",
})
const listener = getRequestListener((request) =>
  (request.url.includes("/api/v2/") ? rekor.v2 : rekor.v1).fetch(request),
)
const server = createServer((request, response) => void listener(request, response))
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  process.stdout.write(`http://127.0.0.1:${address.port}\n`)
})
