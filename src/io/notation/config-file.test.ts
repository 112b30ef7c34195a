import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { execFileSync } from "node:child_process"

import { afterEach, beforeEach, expect, it } from "vitest"

import { failureOf, makeTestHome, type TestHome } from "./test-home.ts"

let test: TestHome
beforeEach(() => {
  test = makeTestHome()
})
afterEach(() => {
  test.remove()
})

it("a missing file is an empty configuration", async () => {
  expect(await test.home.readConfig()).toEqual({ insecureRegistries: [] })
})

it.each([
  ["{}", { insecureRegistries: [] }],
  ['{"insecureRegistries":null,"signatureFormat":null}', { insecureRegistries: [] }],
  [
    '{"insecureRegistries":["a:5000"],"credsStore":"pass","credHelpers":{"h":"x"},"signatureFormat":"COSE","__proto__":{"signatureFormat":"x"}}',
    { insecureRegistries: ["a:5000"], signatureFormat: "COSE" },
  ],
])("%s is read", async (text, expected) => {
  writeFileSync(test.at("config", "config.json"), text)
  expect(await test.home.readConfig()).toEqual(expected)
})

it.each([
  ["nothing", ""],
  ["a list", "[]"],
  ["half", "{"],
  ["text behind it", "{} {}"],
  ["the same member twice", '{"signatureFormat":"jws","signatureFormat":"cose"}'],
  ["a list of numbers", '{"insecureRegistries":[1]}'],
  ["a text for the list", '{"insecureRegistries":"a"}'],
  ["a number for the format", '{"signatureFormat":1}'],
  ["adv: look-alike: InsecureRegistries", '{"insecureRegistries":["a:5000"],"InsecureRegistries":[]}'],
  ["adv: look-alike: inſecureRegistries", '{"inſecureRegistries":["a:5000"]}'],
  ["adv: look-alike: SignatureFormat", '{"signatureFormat":"jws","SignatureFormat":"cose"}'],
  ["adv: look-alike: credsstore", '{"credsstore":"pass"}'],
  ["invalid UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
])("%s is refused", async (_name, text) => {
  writeFileSync(test.at("config", "config.json"), text)
  expect(await failureOf(test.home.readConfig())).toMatchObject({
    code: "E_CONFIG_INVALID",
    what: "malformed config.json",
  })
})

it.each(["a folder", "a link", "a pipe"])("%s is refused, in notation's words", async (kind) => {
  const path = test.at("config", "config.json")
  if (kind === "a folder") mkdirSync(path)
  if (kind === "a pipe") execFileSync("mkfifo", [path])
  if (kind === "a link") {
    writeFileSync(test.at("elsewhere"), "{}")
    symlinkSync(test.at("elsewhere"), path)
  }
  expect(await failureOf(test.home.readConfig())).toMatchObject({
    code: "E_CONFIG_INVALID",
    what: `"${path}" is not a regular file (symlinks are not supported)`,
  })
})

it("a huge file is refused", async () => {
  writeFileSync(test.at("config", "config.json"), " ".repeat(1024 * 1024 + 1))
  expect((await failureOf(test.home.readConfig())).code).toBe("E_LIMIT_EXCEEDED")
})
