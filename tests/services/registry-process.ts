/** A registry in a process of its own, for tests that kill it: `node registry-process.ts FOLDER full|fast`. */
import { serveRegistry } from "../../src/servers/registry/serve-registry.ts"

const [folder = "", durability] = process.argv.slice(2)
const server = await serveRegistry(
  {
    listen: "127.0.0.1:0",
    data: folder,
    durability: durability === "full" ? "full" : "fast",
    allowDelete: true,
    logLevel: "warn",
  },
  { clock: { now: () => Date.now() }, log: (line) => void process.stderr.write(line) },
)
process.stdout.write(`${server.address}\n`)
