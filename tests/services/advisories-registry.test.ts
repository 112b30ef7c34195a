/** What registries, artifacts and working folders can try on a client, end to end. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { newKey, Repository } from "./forgery.ts"
import { always, startRawServer, type RawHandler } from "./raw-server.ts"

let registry: TestRegistry
let tool: TestProcess
let signed: string
const key = newKey()
const PASSWORD = "insecure-test-password"
const USER = Buffer.from(`user:${PASSWORD}`).toString("base64")

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  await tool.write("insecure-test.key", key.privatePem)
  await tool.write("insecure-test.pub", key.publicPem)
  await tool.write("app.txt", "the release\n")
  await tool.write("changed.txt", "another one\n")
  await tool.write("facts.json", "{}")
  signed = `${registry.address}/team/app:1`
  expect((await tool.run("push", signed, "app.txt")).exit).toBe(0)
  expect((await tool.run("push", `${registry.address}/team/app:2`, "changed.txt")).exit).toBe(0)
  const flags = ["--key", "insecure-test.key", "--format", "cosign-v3,cosign-v2"]
  expect((await tool.run("sign", ...flags, signed)).exit).toBe(0)
})

afterAll(async () => {
  await tool.close()
  await registry.close()
})

let folders = 0

/** A new folder of the process. */
async function folder(): Promise<string> {
  const path = tool.path(`folder-${(folders += 1)}`)
  await mkdir(path)
  return path
}

async function authFile(address: string): Promise<string> {
  const path = `auth-${(folders += 1)}.json`
  await tool.write(path, JSON.stringify({ auths: { [address]: { auth: USER } } }))
  return tool.path(path)
}

describe("one resolution", () => {
  it.each([
    ["verify", ["verify", "--key", "insecure-test.pub"]],
    ["verify --recursive", ["verify", "--key", "insecure-test.pub", "--recursive"]],
    ["explain", ["explain", "--key", "insecure-test.pub"]],
    ["sign", ["sign", "--key", "insecure-test.key", "--format", "cosign-v3,cosign-v2", "-a", "again=1"]],
    ["sign --recursive", ["sign", "--key", "insecure-test.key", "--recursive", "-a", "again=2"]],
    ["sign --if-missing", ["sign", "--key", "insecure-test.key", "--if-missing"]],
    ["attest", ["attest", "--key", "insecure-test.key", "--type", "custom", "--predicate", "facts.json"]],
    ["list", ["list"]],
    ["tree", ["tree"]],
    ["inspect", ["inspect"]],
  ])("adv: GHSA-m3cq-xcx9-3gvm %s asks for the tag once", async (_name, argv) => {
    registry.clearRequests()
    expect((await tool.run(...argv, signed)).exit).toBe(0)
    expect(registry.requests.filter(({ path }) => path.endsWith("/manifests/1"))).toHaveLength(1)
  })

  /** The registry, where the tag `1` is `first` for the first reader and `second` from then on. */
  function moving(first: string, second: string): RawHandler {
    let reads = 0
    return (request, response) => {
      let path = request.url ?? ""
      if (path.endsWith("/manifests/1")) path = path.replace(/1$/, (reads += 1) === 1 ? first : second)
      void fetch(registry.url + path, {
        method: request.method ?? "GET",
        headers: { accept: request.headers.accept ?? "" },
      })
        .then(async (answer) => {
          const type = answer.headers.get("content-type") ?? ""
          response.writeHead(answer.status, { "content-type": type })
          response.end(new Uint8Array(await answer.arrayBuffer()))
        })
        .catch(() => response.destroy())
    }
  }

  it.each([
    ["a signed artifact that is replaced afterwards", "1", "2", 0, "the release\n"],
    ["an unsigned artifact that is replaced by a signed one", "2", "1", 1, "another one\n"],
  ])("adv: GHSA-m3cq-xcx9-3gvm, GHSA-wfqx-gjrf-g28r %s", async (_name, first, second, exit, content) => {
    for (const verb of ["verify", "explain"]) {
      const server = await startRawServer(moving(first, second))
      const ran = await tool.run(verb, "--key", "insecure-test.pub", `${server.address}/team/app:1`)
      await server.close()
      expect(ran.exit).toBe(exit)
      expect(server.requests.filter((line) => line.includes("/manifests/1"))).toHaveLength(1)
    }
    const server = await startRawServer(moving(first, second))
    const to = await folder()
    expect((await tool.run("pull", "--to", to, `${server.address}/team/app:1`)).exit).toBe(0)
    await server.close()
    const [name = ""] = await readdir(to)
    expect(await readFile(join(to, name), "utf8")).toBe(content)
  })
})

describe("credentials", () => {
  it.each([301, 302, 303, 307, 308])(
    "adv: GHSA-vh4v-2xq2-g5cg a redirect (%i) to another origin gets none",
    async (status) => {
      const other = await startRawServer(always(401, { "www-authenticate": 'Basic realm="x"' }))
      const first = await startRawServer((request, response) => {
        const known = request.headers.authorization === `Basic ${USER}`
        const location = `http://${other.address}${request.url ?? ""}`
        const headers = known ? { location } : { "www-authenticate": 'Basic realm="x"' }
        response.writeHead(known ? status : 401, headers)
        response.end()
      })
      const to = await folder()
      for (const argv of [
        ["verify", "--key", "insecure-test.pub"],
        ["list"],
        ["pull", "--to", to],
        ["sign", "--key", "insecure-test.key"],
      ]) {
        const ran = await tool.run(...argv, "--authfile", await authFile(first.address), `${first.address}/team/app:1`)
        expect(ran.exit).toBe(3)
        expect(ran.stderr).toMatch(/\[E_(REGISTRY|NET)_[A-Z_]+\]/)
        expect(ran.stdout + ran.stderr).not.toContain(PASSWORD)
        expect(ran.stdout + ran.stderr).not.toContain(USER)
      }
      expect(first.requests.some((line) => line.endsWith(USER))).toBe(true)
      expect(other.requests.filter((line) => /basic|bearer/i.test(line))).toEqual([])
      await Promise.all([first.close(), other.close()])
    },
  )

  it("adv: GHSA-vh4v-2xq2-g5cg storage behind a redirect works without them", async () => {
    const to = await folder()
    registry.setFaults({ auth: { kind: "basic", username: "user", password: PASSWORD }, blobRedirect: true })
    const ran = await tool.run("pull", "--to", to, "--authfile", await authFile(registry.address), signed)
    const asked = registry.objectStore.requests.map(({ headers }) => headers["authorization"])
    registry.reset()
    expect(ran).toMatchObject({ exit: 0, stderr: "" })
    expect(asked).toEqual([undefined])
  })

  it("adv: CVE-2025-48374 nothing secret is logged with --debug", async () => {
    const home = await folder()
    await mkdir(join(home, ".docker"))
    await writeFile(
      join(home, ".docker/config.json"),
      JSON.stringify({ auths: { [registry.address]: { auth: USER } } }),
    )
    registry.setFaults({ auth: { kind: "bearer", username: "user", password: PASSWORD }, blobRedirect: true })
    registry.clearRequests()
    const ran = await program(home, home, "pull", "--debug", "--to", home, signed)
    const tokens = registry.requests.flatMap(({ headers }) => (headers["authorization"] ?? "").split(" ").slice(1))
    registry.reset()
    expect(ran.exit).toBe(0)
    expect(ran.stderr).toContain("http.request")
    expect(tokens.length).toBeGreaterThan(1)
    for (const secret of [PASSWORD, USER, "insecure-test-signature", ...tokens]) {
      expect(ran.stdout + ran.stderr).not.toContain(secret)
    }
  })
})

/** Run the program as a process of its own. */
function program(home: string, cwd: string, ...argv: readonly string[]): Promise<Ran> {
  const main = fileURLToPath(new URL("../../src/bin/main.ts", import.meta.url))
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...argv],
      { cwd, env: { HOME: home } },
      (_error, stdout, stderr) => {
        resolve({ exit: child.exitCode ?? -1, stdout, stderr })
      },
    )
  })
}

describe("the working folder", () => {
  it("adv: PYSEC-2023-63 no file in it is read that nobody named", async () => {
    const [home, cwd] = [await folder(), await folder()]
    const credentials = JSON.stringify({ auths: { [registry.address]: { auth: USER } }, credsStore: "helper" })
    for (const name of [
      "config.json",
      "auth.json",
      ".dockercfg",
      "policy.json",
      "trustpolicy.json",
      ".countersignrc",
    ]) {
      await writeFile(join(cwd, name), credentials)
    }
    await mkdir(join(cwd, ".docker"))
    await writeFile(join(cwd, ".docker/config.json"), credentials)
    await writeFile(join(cwd, "docker-credential-helper"), "#!/bin/sh\ntouch called\n", { mode: 0o755 })
    await writeFile(join(cwd, "cosign.pub"), key.publicPem)
    registry.setFaults({ auth: { kind: "basic", username: "user", password: PASSWORD } })
    registry.clearRequests()
    const pub = tool.path("insecure-test.pub")
    const ran = await program(home, cwd, "verify", "--key", pub, signed)
    const asked = registry.requests.filter(({ headers }) => headers["authorization"] !== undefined)
    registry.reset()
    expect(ran.exit).toBe(3)
    expect(ran.stderr).toContain("[E_REGISTRY_UNAUTHENTICATED]")
    expect(asked).toEqual([])
    expect(await readdir(cwd)).not.toContain("called")
    expect((await program(home, cwd, "verify", signed)).stderr).toContain("[E_TRUST_MISSING]")
  })
})

describe("a reader that goes away", () => {
  it("adv: GHSA-7c37-gx6w-8vc5 does not turn a no into exit code 0", async () => {
    const main = fileURLToPath(new URL("../../src/bin/main.ts", import.meta.url))
    const argv = [main, "explain", "--key", tool.path("insecure-test.pub"), `${registry.address}/team/app:2`]
    const child = spawn(process.execPath, argv, { env: { HOME: await folder() }, stdio: ["ignore", "pipe", "ignore"] })
    child.stdout.destroy()
    const [exit] = (await once(child, "exit")) as [number | null]
    expect([1, 141]).toContain(exit)
  })
})

describe("titles of files", () => {
  const TITLE = "org.opencontainers.image.title"

  async function titled(tag: string, ...titles: readonly string[]): Promise<string> {
    const repository = new Repository(`${registry.url}/v2/team/titles`)
    const layers = await Promise.all(
      titles.map(async (title, index) => ({
        ...(await repository.blob("text/plain", `content ${index}`)),
        annotations: { [TITLE]: title },
      })),
    )
    await repository.artifact(tag, layers)
    return `${registry.address}/team/titles:${tag}`
  }

  it.each([
    "../x",
    "/x",
    "a/../../x",
    "a/b",
    "..",
    ".",
    "",
    "C:\\x",
    "C:x",
    "a\\b",
    "x\u0000y",
    "x\ny",
    "x".repeat(256),
  ])("adv: GHSA-g5v4-5x39-vwhx %j is refused before anything is written", async (title) => {
    const to = await folder()
    const reference = await titled("hostile", "good.txt", title)
    for (const more of [[], ["--overwrite"]]) {
      const ran = await tool.run("pull", "--to", to, ...more, reference)
      expect(ran.exit).toBe(1)
      expect(ran.stderr).toContain("[E_FORMAT_MALFORMED]")
      expect(await readdir(to)).toEqual([])
    }
  })

  it("adv: GHSA-m37j-52j7-pjw7 one name on two files is refused", async () => {
    const to = await folder()
    const ran = await tool.run("pull", "--to", to, "--overwrite", await titled("twice", "a.txt", "a.txt"))
    expect(ran.exit).toBe(1)
    expect(ran.stderr).toContain("[E_FORMAT_MALFORMED]")
    expect(await readdir(to)).toEqual([])
  })

  it("adv: GHSA-fxhp-mv3v-67qp a link of that name is never followed", async () => {
    const [to, outside] = [await folder(), await folder()]
    await writeFile(join(outside, "precious"), "mine")
    await symlink(join(outside, "precious"), join(to, "a.txt"))
    await symlink(join(outside, "new"), join(to, "b.txt"))
    const reference = await titled("links", "a.txt", "b.txt")
    const refused = await tool.run("pull", "--to", to, reference)
    expect(refused.exit).toBe(4)
    expect(refused.stderr).toContain("[E_FILE_EXISTS]")
    expect((await tool.run("pull", "--to", to, "--overwrite", reference)).exit).toBe(0)
    expect(await readFile(join(outside, "precious"), "utf8")).toBe("mine")
    expect(await readdir(outside)).toEqual(["precious"])
    expect(await readFile(join(to, "a.txt"), "utf8")).toBe("content 0")
    expect((await readdir(to)).toSorted()).toEqual(["a.txt", "b.txt"])
  })
})

describe("compressed answers", () => {
  const type = "application/vnd.oci.image.manifest.v1+json"
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 0x20))

  it.each<[string, string, Uint8Array]>([
    ["inflates without measure", "gzip", bomb],
    ["inflates twice", "gzip, gzip", gzipSync(bomb)],
    ["is many empty members", "gzip", Buffer.concat(Array.from({ length: 10_000 }, () => gzipSync("")))],
    ["is none", "gzip", Buffer.from("not compressed")],
    ["is cut short", "gzip", gzipSync("{}".repeat(1000)).subarray(0, 20)],
    ["is of an unknown kind", "compress", Buffer.from("{}")],
  ])("adv: GHSA-2h5h-59f5-c5x9, CVE-2022-30631 a manifest that %s", async (_name, encoding, body) => {
    const headers = { "content-type": type, "content-encoding": encoding, "content-length": String(body.length) }
    const server = await startRawServer(always(200, headers, body))
    const before = process.memoryUsage().rss
    const ran = await tool.run(
      "verify",
      "--timeout",
      "10s",
      "--key",
      "insecure-test.pub",
      `${server.address}/team/app:1`,
    )
    await server.close()
    expect(ran.exit).not.toBe(0)
    expect(ran.stderr).toMatch(/\[E_(LIMIT|FORMAT|REGISTRY|NET)_[A-Z_]+\]/)
    expect(ran.stdout).not.toMatch(/^(verified|unsigned)/m)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })
})
