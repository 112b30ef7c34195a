import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"

import { afterEach, beforeEach, describe, expect, it } from "vitest"

import type { SigningKeyList } from "../../core/notation-home.ts"
import { failureOf, makeTestHome, type TestHome } from "./test-home.ts"

let test: TestHome
let path: string
beforeEach(() => {
  test = makeTestHome()
  path = test.at("config", "signingkeys.json")
})
afterEach(() => {
  test.remove()
})

const added =
  (name: string) =>
  (list: SigningKeyList): SigningKeyList => ({ ...list, keys: [...list.keys, { name, id: "1", pluginName: "p" }] })

describe("reading", () => {
  it("a missing file is an empty list", async () => {
    expect(await test.home.readKeys()).toEqual({ keys: [] })
  })

  it("takes both kinds of keys; one with both halves is a local one", async () => {
    const keys = [
      { name: "a", keyPath: "/k", certPath: "/c" },
      { name: "b", id: "1", pluginName: "p", pluginConfig: { x: "y" } },
      { name: "c", keyPath: "/k", certPath: "/c", id: "1", pluginName: "p" },
      { name: "d" },
    ]
    writeFileSync(path, JSON.stringify({ default: "b", keys }))
    expect(await test.home.readKeys()).toEqual({
      default: "b",
      keys: [
        { name: "a", keyPath: "/k", certPath: "/c" },
        { name: "b", id: "1", pluginName: "p", pluginConfig: { x: "y" } },
        { name: "c", keyPath: "/k", certPath: "/c" },
        { name: "d", id: "", pluginName: "" },
      ],
    })
  })

  it.each([
    ['{"keys":[{"name":""}]}', "malformed signingkeys.json: key name cannot be empty"],
    ['{"keys":[{}]}', "malformed signingkeys.json: key name cannot be empty"],
    ['{"keys":[{"name":"a"},{"name":"a"}]}', "malformed signingkeys.json: multiple keys with name 'a' found"],
    ['{"default":"","keys":[]}', "malformed signingkeys.json: default key name cannot be empty"],
    ['{"default":"x","keys":[{"name":"a"}]}', "malformed signingkeys.json: default key 'x' not found"],
    ["", "malformed signingkeys.json"],
    ["[]", "malformed signingkeys.json"],
    ['{"keys":{}}', "malformed signingkeys.json"],
    ['{"keys":[1]}', "malformed signingkeys.json"],
    ['{"keys":[{"name":5}]}', "malformed signingkeys.json"],
    ['{"keys":[{"name":"a","pluginConfig":{"x":1}}]}', "malformed signingkeys.json"],
    ['{"default":5,"keys":[]}', "malformed signingkeys.json"],
    ['{"keys":[{"name":"a","name":"b"}]}', "malformed signingkeys.json"],
    ['{"default":"a","Default":"b","keys":[{"name":"a"},{"name":"b"}]}', "malformed signingkeys.json"],
    ['{"keys":[{"name":"a"}],"Keyſ":[]}', "malformed signingkeys.json"],
    ['{"keys":[{"name":"a","keyPath":"/k","certPath":"/c","KeyPath":"/other"}]}', "malformed signingkeys.json"],
    ['{"keys":[{"name":"a","id":"1","ID":"2","pluginName":"p"}]}', "malformed signingkeys.json"],
  ])("%s is refused", async (text, what) => {
    writeFileSync(path, text)
    expect(await failureOf(test.home.readKeys())).toMatchObject({ code: "E_CONFIG_INVALID", what })
    expect(await failureOf(test.home.changeKeys((list) => list))).toMatchObject({ what })
    expect(readFileSync(path, "utf8")).toBe(text)
  })

  it.each(["folder", "link"])("a %s is refused", async (kind) => {
    if (kind === "folder") mkdirSync(path)
    else symlinkSync(test.at("nowhere"), path)
    const what = `"${path}" is not a regular file (symlinks are not supported)`
    expect(await failureOf(test.home.readKeys())).toMatchObject({ code: "E_CONFIG_INVALID", what })
    expect(await failureOf(test.home.changeKeys(added("a")))).toMatchObject({ what })
  })
})

describe("writing", () => {
  it("is for the user alone, in Go's form", async () => {
    const pluginConfig = { z: "<&>", a: "\u2028" }
    await test.home.changeKeys((list) => ({
      default: "k",
      keys: [...list.keys, { name: "k", id: "1", pluginName: "p", pluginConfig }],
    }))
    // Written by hand after the output of notation 1.3.2.
    expect(readFileSync(path, "utf8")).toBe(
      `{
    "default": "k",
    "keys": [
        {
            "name": "k",
            "id": "1",
            "pluginName": "p",
            "pluginConfig": {
                "a": "\\u2028",
                "z": "\\u003c\\u0026\\u003e"
            }
        }
    ]
}
`,
    )
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(test.home.folders.config).mode & 0o777).toBe(0o755)
    expect(readdirSync(test.home.folders.config)).toEqual(["signingkeys.json"])
  })

  it("makes the folder for the user alone", async () => {
    const other = makeTestHome()
    await other.home.changeKeys(added("a"))
    expect(statSync(other.home.folders.config).mode & 0o777).toBe(0o700)
    other.remove()
  })

  it("keeps members that are not known, at both levels", async () => {
    const file = `{"x":{"__proto__":1,"big":12345678901234567890},"default":"a","keys":[{"name":"a","id":"1","pluginName":"p","later":[1]},{"name":"b","keyPath":"/k","certPath":"/c","id":"2","pluginName":"q"}]}`
    writeFileSync(path, file)
    await test.home.changeKeys((list) => ({
      keys: list.keys.map((entry) => (entry.name === "a" ? { name: "a", id: "9", pluginName: "p" } : entry)),
    }))
    expect(readFileSync(path, "utf8").replaceAll(/\s/g, "")).toBe(
      `{"keys":[{"name":"a","id":"9","pluginName":"p","later":[1]},{"name":"b","keyPath":"/k","certPath":"/c","id":"2","pluginName":"q"}],"x":{"__proto__":1,"big":12345678901234567890}}`,
    )
  })

  it("nothing is written when the change throws, or breaks a rule", async () => {
    await test.home.changeKeys(added("a"))
    const before = readFileSync(path, "utf8")
    const refuse = (): never => {
      throw new Error("mine")
    }
    await expect(test.home.changeKeys(refuse)).rejects.toThrow("mine")
    for (const change of [added("a"), added(""), (list: SigningKeyList) => ({ ...list, default: "x" })]) {
      expect((await failureOf(test.home.changeKeys(change))).code).toBe("E_CONFIG_INVALID")
    }
    expect(readFileSync(path, "utf8")).toBe(before)
    expect(readdirSync(test.home.folders.config)).toEqual(["signingkeys.json"])
  })

  it("a change by somebody without the lock is seen before it would be lost", async () => {
    await test.home.changeKeys(added("a"))
    let rounds = 0
    await test.home.changeKeys((list) => {
      if (++rounds === 1) writeFileSync(path, '{"keys":[{"name":"other"}]}')
      return added("b")(list)
    })
    expect(rounds).toBe(2)
    expect((await test.home.readKeys()).keys.map(({ name }) => name)).toEqual(["other", "b"])
  })
})

/** A process that adds one key; `slow` never ends its change. */
function adder(name: string, slow = false): ReturnType<typeof spawn> {
  const entry = new URL("./test-home-process.ts", import.meta.url).pathname
  const args = [entry, name, ...(slow ? ["slow"] : [])]
  return spawn(process.execPath, args, { env: { ...process.env, ...test.env }, stdio: ["ignore", "pipe", "inherit"] })
}

describe("many processes", () => {
  it("20 that add at once lose nothing", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `key-${index}`)
    const ends = await Promise.all(names.map(async (name) => (await once(adder(name), "close"))[0] as unknown))
    expect(ends).toEqual(names.map(() => 0))
    const keys = (await test.home.readKeys()).keys.map(({ name }) => name)
    expect(keys.toSorted()).toEqual(names.toSorted())
    expect(readdirSync(test.home.folders.config)).toEqual(["signingkeys.json"])
  })

  it("one that is killed leaves a readable file, and its lock is taken over", async () => {
    await test.home.changeKeys(added("before"))
    const child = adder("never", true)
    await once(child.stdout!, "data")
    child.kill("SIGKILL")
    await once(child, "close")
    expect((await test.home.readKeys()).keys.map(({ name }) => name)).toEqual(["before"])
    const lock = `${path}.lock`
    expect(existsSync(lock)).toBe(true)
    utimesSync(lock, new Date(0), new Date(0))
    await test.home.changeKeys(added("after"))
    expect((await test.home.readKeys()).keys.map(({ name }) => name)).toEqual(["before", "after"])
    expect(readdirSync(test.home.folders.config)).toEqual(["signingkeys.json"])
  })
})
