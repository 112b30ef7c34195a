import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { asToolError } from "../../../core/errors.ts"
import { createAuthFiles } from "./auth-files.ts"
import type { CredentialHelpers } from "./helper.ts"
import { eraseAsNotation, storeAsNotation, type NotationAuthOptions } from "./notation-auth.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-test-"))
  await mkdir(join(folder, ".docker"))
})
afterEach(() => rm(folder, { recursive: true }))

const notation = (): string => join(folder, "config.json")
const docker = (): string => join(folder, ".docker/config.json")
const AUTH = { auths: { "r.example": { auth: btoa("u:p") } } }

/** Helpers that note what they are asked. */
function helpers(there: readonly string[], seen: string[]): CredentialHelpers {
  return {
    exists: (name) => Promise.resolve(there.includes(name)),
    open: (name) => ({
      get: (server) => {
        seen.push(`${name} get ${server}`)
        return Promise.resolve({ kind: "basic", username: "u", password: "p", source: name } as const)
      },
      store: (server, username, secret) => {
        seen.push(`${name} store ${server} ${username} ${secret}`)
        return Promise.resolve()
      },
      erase: (server) => {
        seen.push(`${name} erase ${server}`)
        return Promise.resolve(true)
      },
    }),
  }
}

function options(seen: string[], more: { platform?: string; there?: readonly string[] } = {}): NotationAuthOptions {
  return {
    env: {},
    home: folder,
    notationConfig: notation(),
    platform: more.platform ?? "linux",
    helpers: helpers(more.there ?? [], seen),
  }
}

describe("login keeps credentials in a helper", () => {
  it.each([
    ["notation's credsStore", { credsStore: "a" }, { credsStore: "b" }, "a store r.example u p"],
    [
      "notation's credHelpers",
      { credsStore: "a", credHelpers: { "r.example": "c" } },
      undefined,
      "c store r.example u p",
    ],
    ["docker's", { insecureRegistries: ["x"] }, { credsStore: "b" }, "b store r.example u p"],
    ["the platform's", undefined, {}, "secretservice store r.example u p"],
  ])("%s", async (_name, first, second, wanted) => {
    if (first !== undefined) await writeFile(notation(), JSON.stringify(first))
    if (second !== undefined) await writeFile(docker(), JSON.stringify(second))
    const seen: string[] = []
    const stored = await storeAsNotation(options(seen, { there: ["secretservice"] }), "r.example", "u", "p")
    expect([stored.plaintext, seen]).toEqual([false, [wanted]])
    expect(await readFile(docker(), "utf8").catch(() => "")).toBe(second === undefined ? "" : JSON.stringify(second))
  })

  it.each([
    ["darwin", "osxkeychain"],
    ["win32", "wincred"],
    ["linux", "pass"],
  ])("on %s in %s", async (platform, name) => {
    const seen: string[] = []
    await storeAsNotation(options(seen, { platform, there: [name] }), "docker.io", "", "TOKEN")
    expect(seen).toEqual([`${name} store https://index.docker.io/v1/ <token> TOKEN`])
  })
})

describe("and never in a file", () => {
  it.each([
    ["nothing there", undefined],
    ["another password there", { auths: { "r.example": { auth: btoa("u:other") } } }],
    ["credentials of another registry there", { auths: { "s.example": { auth: btoa("u:p") } } }],
    ["an identity token there", { auths: { "r.example": { identitytoken: "p" } } }],
  ])("%s", async (_name, config) => {
    if (config !== undefined) await writeFile(docker(), JSON.stringify(config))
    const error = await storeAsNotation(options([]), "r.example", "u", "p").catch(asToolError)
    expect(error).toHaveProperty("code", "E_CONFIG_INVALID")
    expect("what" in error && error.what).toMatch(/^the credential could not be saved/)
    const text = await readFile(docker(), "utf8").catch(() => undefined)
    expect(text).toBe(config === undefined ? undefined : JSON.stringify(config))
  })

  it("the very same credentials in a file are good enough", async () => {
    await writeFile(docker(), JSON.stringify(AUTH))
    expect(await storeAsNotation(options([]), "r.example", "u", "p")).toEqual({ storedIn: docker(), plaintext: true })
  })

  it.each(["u:v", "u\nv"])("the user name %j goes to no helper", async (username) => {
    await writeFile(docker(), '{"credsStore":"a"}')
    const seen: string[] = []
    const error = await storeAsNotation(options(seen), "r.example", username, "p").catch(asToolError)
    expect(error).toMatchObject({ code: "E_CONFIG_INVALID" })
    expect(seen).toEqual([])
  })
})

it("logout takes them out of the place that counts", async () => {
  expect(await eraseAsNotation(options([]), "r.example")).toBe(false)
  const seen: string[] = []
  expect(await eraseAsNotation(options(seen, { there: ["pass"] }), "r.example")).toBe(true)
  expect(seen).toEqual(["pass erase r.example"])
  await writeFile(notation(), JSON.stringify(AUTH))
  expect(await eraseAsNotation(options([]), "r.example")).toBe(true)
  expect(JSON.parse(await readFile(notation(), "utf8"))).toEqual({ auths: {} })
})

it("what the platform's helper keeps is found again", async () => {
  const seen: string[] = []
  const source = createAuthFiles({
    ...options(seen, { there: ["pass"] }),
    style: "notation",
    uid: 0,
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined },
  })
  expect(await source.find("r.example", "repo")).toMatchObject({ username: "u" })
  expect(seen).toEqual(["pass get r.example"])
})
