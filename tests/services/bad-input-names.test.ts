/** References, keys and layouts that are none: a clear error, nothing asked, nothing written. */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startTestRegistry, type TestRegistry } from "../../src/testing/index.ts"
import { startProcess, type Ran, type TestProcess } from "../faces/cli/process-world.ts"
import { newKey } from "./forgery.ts"

let registry: TestRegistry
let tool: TestProcess
let signed: string
const key = newKey()

beforeAll(async () => {
  registry = await startTestRegistry()
  tool = await startProcess()
  await tool.write("insecure-test.key", key.privatePem)
  await tool.write("insecure-test.pub", key.publicPem)
  await tool.write("app.txt", "the release\n")
  signed = `${registry.address}/team/app:1`
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

describe("what the user names", () => {
  const hex = "a".repeat(64)

  it.each([
    "",
    " ",
    "UPPER.example/App:1",
    "registry.example/app:tag:tag",
    "registry.example/app@sha256:zz",
    `registry.example/app@sha256:${hex}0`,
    `registry.example/app@sha256:${hex.toUpperCase()}`,
    `registry.example/app@sha512:${hex}`,
    `registry.example/app@md5:${"a".repeat(32)}`,
    "registry.example/app@",
    "registry.example/app:",
    "registry.example//app",
    "registry.example/../app",
    "registry.example/app/",
    "/app",
    "https://registry.example/app",
    "http://[::1]evil/app",
    "[::1]evil/app",
    "[::1/app",
    "user@registry.example/app",
    "user:password@registry.example/app",
    "a@b@c",
    "registry.example:80:81/app",
    "registry.example:port/app",
    "registry.example:99999/app",
    "registry.example\\app",
    "registry.example/a\tb",
    "registry.example/a\nb",
    "registry.example/a\u0000b",
    "registry.example/äpp",
    "rеgistry.example/app",
    "registry.example/app?x=1",
    "registry.example/app#x",
    "registry.example/app%2f..",
    "-oProxyCommand=x/app",
    `${"a/".repeat(50_000)}!`,
    "a".repeat(1_000_000),
    "oci:",
    "oci::1",
    "oci:folder:",
    "oci:folder@sha256:zz",
  ])("adv: CVE-2019-14809, CVE-2023-7279 %.60s is no artifact: exit code 2, nothing asked", async (reference) => {
    for (const argv of [
      ["verify", "--key", "insecure-test.pub"],
      ["list"],
      ["pull"],
      ["sign", "--key", "insecure-test.key"],
    ]) {
      const ran = await tool.run(...argv, "--offline", "--", reference)
      expect(ran, reference.slice(0, 60)).toMatchObject({ exit: 2, stdout: "" })
      expect(ran.stderr).toContain("[E_REF_INVALID]")
      expect(ran.stderr.length).toBeLessThan(2000)
    }
  })

  it.each<[string, string | Uint8Array]>([
    ["an empty file", ""],
    ["text", "hello"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"],
    ["half a key", key.publicPem.slice(0, 100)],
    ["a private key", key.privatePem],
    ["a key without content", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"],
    ["a key of garbage", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    ["10,000 keys", key.publicPem.repeat(10_000)],
    ["5 MiB of beginnings", "-----BEGIN PUBLIC KEY-----\n".repeat(200_000)],
    ["bytes", Uint8Array.from({ length: 500 }, (_, index) => index % 256)],
  ])("adv: CVE-2022-24675, CVE-2025-61723 %s is no key: exit code 2, nothing asked", async (_name, content) => {
    await writeFile(tool.path("bad.pub"), content)
    registry.clearRequests()
    for (const argv of [
      ["verify", "--key", "bad.pub", signed],
      ["explain", "--key", "bad.pub", signed],
    ]) {
      const ran = await tool.run(...argv)
      expect(ran.exit).toBe(2)
      expect(ran.stderr).toMatch(/\[E_(KEY_TYPE|KEY_NOT_FOUND|LIMIT_EXCEEDED)\]/)
      expect(ran.stdout).toBe("")
      expect(ran.stderr).not.toContain(key.privatePem.split("\n")[1])
    }
    expect(registry.requests).toEqual([])
  })
})

describe("layouts", () => {
  let layout: string

  async function damaged(change: (path: string) => Promise<void>): Promise<Ran[]> {
    layout = await mkdtemp(join(tmpdir(), "countersign-test-layout-"))
    const name = `oci:${layout}:1`
    expect((await tool.run("push", name, "app.txt")).exit).toBe(0)
    expect((await tool.run("sign", "--key", "insecure-test.key", name)).exit).toBe(0)
    await change(layout)
    const to = await folder()
    const ran = [
      await tool.run("verify", "--key", "insecure-test.pub", name),
      await tool.run("list", name),
      await tool.run("pull", "--to", to, name),
    ]
    expect(await readdir(to)).toEqual([])
    await rm(layout, { recursive: true })
    return ran
  }

  const write = (name: string, text: string) => (path: string) => writeFile(join(path, name), text)

  it.each<[string, (path: string) => Promise<void>]>([
    ["no index", (path) => rm(join(path, "index.json"))],
    ["no version file", (path) => rm(join(path, "oci-layout"))],
    ["another version", write("oci-layout", '{"imageLayoutVersion":"2.0.0"}')],
    ["an index that is no JSON", write("index.json", "hello")],
    ["an index that is a list", write("index.json", "[]")],
    ["an index that ends early", write("index.json", '{"schemaVersion":2,"manifests":[{')],
    [
      "an index with hostile digests",
      write(
        "index.json",
        '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../../../etc/passwd","size":2,"annotations":{"org.opencontainers.image.ref.name":"1"}}]}',
      ),
    ],
    ["an index of 5 MiB", write("index.json", `{"schemaVersion":2,"manifests":[]${" ".repeat(5 * 1024 * 1024)}}`)],
    ["no blobs", (path) => rm(join(path, "blobs"), { recursive: true })],
    [
      "changed blobs",
      async (path) => {
        for (const name of await readdir(join(path, "blobs/sha256"))) {
          await rm(join(path, "blobs/sha256", name))
          await writeFile(join(path, "blobs/sha256", name), "{}")
        }
      },
    ],
    [
      "blobs that are links",
      async (path) => {
        for (const name of await readdir(join(path, "blobs/sha256"))) {
          await rm(join(path, "blobs/sha256", name))
          await symlink("/etc/passwd", join(path, "blobs/sha256", name))
        }
      },
    ],
  ])("adv: ggcr #2306, ggcr #2272 %s: refused with a code, nothing written", async (_name, change) => {
    for (const ran of await damaged(change)) {
      expect(ran.exit).not.toBe(0)
      expect(ran.exit).not.toBe(70)
      expect(ran.stderr).toMatch(/^error: .*\[E_[A-Z_]+\]$/m)
      expect(ran.stdout).not.toMatch(/^(verified|pulled)/m)
      expect(ran.stderr + ran.stdout).not.toContain("root:")
    }
  })
})
