import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"

import { afterEach, beforeEach, expect, it } from "vitest"

import { failureOf, makeTestHome, type TestHome } from "./test-home.ts"

let test: TestHome
beforeEach(() => {
  test = makeTestHome()
})
afterEach(() => {
  test.remove()
})

const KINDS = [
  ["oci", "trustpolicy.oci.json"],
  ["legacy", "trustpolicy.json"],
  ["blob", "trustpolicy.blob.json"],
] as const

const IRREGULAR =
  "trust policy is not a regular file (symlinks are not supported). To create a trust policy, see: https://notaryproject.dev/docs/quickstart/#create-a-trust-policy"

it.each(KINDS)("the %s policy is kept as it is, for the user alone", async (kind, name) => {
  expect(await test.home.readPolicy(kind)).toBeUndefined()
  const bytes = Uint8Array.of(0xff, 0, 10, 13)
  const path = await test.home.writePolicy(kind, bytes)
  expect(path).toBe(test.at("config", name))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await test.home.readPolicy(kind)).toEqual({ path, bytes })
  chmodSync(path, 0o644)
  await test.home.writePolicy(kind, Uint8Array.of(1))
  expect([statSync(path).mode & 0o777, [...readFileSync(path)]]).toEqual([0o600, [1]])
  expect(readdirSync(test.home.folders.config)).toEqual([name])
  expect(await test.home.removePolicy(kind)).toBe(true)
  expect(await test.home.removePolicy(kind)).toBe(false)
})

it.each(KINDS)("a folder or a link in place of the %s policy is refused", async (kind, name) => {
  mkdirSync(test.at("config", name))
  expect(await failureOf(test.home.readPolicy(kind))).toMatchObject({ code: "E_POLICY_INVALID", what: IRREGULAR })
  expect((await failureOf(test.home.writePolicy(kind, new Uint8Array()))).code).toBe("E_IO")
  expect((await failureOf(test.home.removePolicy(kind))).code).toBe("E_IO")
})

it("a link is not read and not written through", async () => {
  const [link, real] = [test.at("config", "trustpolicy.json"), test.at("elsewhere")]
  writeFileSync(real, "{}")
  symlinkSync(real, link)
  expect(await failureOf(test.home.readPolicy("legacy"))).toMatchObject({ code: "E_POLICY_INVALID", what: IRREGULAR })
  await test.home.writePolicy("legacy", Uint8Array.of(1))
  expect([lstatSync(link).isFile(), readFileSync(real, "utf8")]).toEqual([true, "{}"])
})

it("a huge policy is refused", async () => {
  await test.home.writePolicy("oci", new Uint8Array(1024 * 1024 + 1))
  expect((await failureOf(test.home.readPolicy("oci"))).code).toBe("E_LIMIT_EXCEEDED")
})

it.skipIf(process.getuid?.() === 0)("a policy that may not be read is reported in notation's words", async () => {
  const path = await test.home.writePolicy("oci", new Uint8Array())
  chmodSync(path, 0)
  expect(await failureOf(test.home.readPolicy("oci"))).toMatchObject({
    code: "E_IO",
    what: `unable to read trust policy due to file permissions, please verify the permissions of ${path}`,
  })
})
