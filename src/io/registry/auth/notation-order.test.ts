import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createAuthFiles } from "./auth-files.ts"

const AUTH = (user: string): object => ({ "r.example": { auth: btoa(`${user}:pw`) } })
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined }

describe("credentials in notation's order", () => {
  let folder = ""
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-test-"))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it.each([
    ["notation's own first", { auths: AUTH("notation") }, { auths: AUTH("docker") }, "notation"],
    ["docker's when notation's has none", { insecureRegistries: ["x"] }, { auths: AUTH("docker") }, "docker"],
    ["docker's when notation's are empty", { auths: {}, credsStore: "" }, { auths: AUTH("docker") }, "docker"],
    ["no other file once notation's has some", { auths: { other: {} } }, { auths: AUTH("docker") }, undefined],
    ["none", undefined, undefined, undefined],
  ])("%s", async (_name, notation, docker, user) => {
    const notationConfig = join(folder, "notation.json")
    if (notation !== undefined) await writeFile(notationConfig, JSON.stringify(notation))
    if (docker !== undefined) await writeFile(join(folder, "config.json"), JSON.stringify(docker))
    const source = createAuthFiles({
      style: "notation",
      env: { DOCKER_CONFIG: folder },
      home: folder,
      uid: 0,
      notationConfig,
      helpers: {
        open: () => ({ get: () => Promise.resolve(undefined) }),
        exists: () => Promise.resolve(false),
      } as never,
      logger: silent,
    })
    const found = await source.find("r.example", "repo")
    expect(found === undefined ? undefined : "username" in found ? found.username : found).toBe(user)
  })
})
