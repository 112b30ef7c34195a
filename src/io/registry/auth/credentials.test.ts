import { expect, it } from "vitest"

import {
  basicAuthorization,
  fixedCredentials,
  preferNamedUser,
  type CredentialSource,
  type NamedUser,
} from "./credentials.ts"

const files: CredentialSource = {
  ...fixedCredentials({ kind: "basic", username: "file", password: "p", source: "a file" }),
  headers: () => Promise.resolve({ "X-Meta": "1" }),
}

it.each<[NamedUser, object]>([
  [{}, { kind: "basic", username: "file" }],
  [{ token: "" }, { kind: "basic", username: "file" }],
  [
    { username: "u", password: "" },
    { kind: "basic", username: "u", password: "" },
  ],
  [
    { username: "", password: "T" },
    { kind: "identity-token", token: "T" },
  ],
  [
    { username: "u", password: "p", token: "T" },
    { kind: "registry-token", token: "T" },
  ],
])("the user %j is %j", async (user, expected) => {
  const source = preferNamedUser(user, "a.example", files)
  expect(await source.find("a.example", "x")).toMatchObject(expected)
  expect(await source.headers()).toEqual({ "X-Meta": "1" })
})

it.each<[string, string | undefined, boolean]>([
  ["a.example:5000", "a.example:5000", true],
  ["A.example:5000", "a.example:5000", true],
  ["docker.io", "index.docker.io", true],
  ["a.example", "a.example:5000", false],
  ["a.example:5001", "a.example:5000", false],
  ["a.example", "b.a.example", false],
  ["b.a.example", "a.example", false],
  ["a.example.evil", "a.example", false],
  ["docker.io", "docker.io.evil", false],
  ["a.example", "", false],
  ["a.example", undefined, false],
])("adv: GHSA-742w-89gc-8m9c %s gets what was named for %s: %s", async (registry, bound, expected) => {
  for (const user of [{ username: "u", password: "p" }, { token: "T" }]) {
    const found = await preferNamedUser(user, bound, files).find(registry, "x")
    expect(found?.source).toBe(expected ? "the command line" : "a file")
  }
})

it.each([{ username: "u" }, { password: "SECRET" }])("the user %j is incomplete", (user) => {
  expect(() => preferNamedUser(user, "a.example", files)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
  expect(() => preferNamedUser(user, "a.example", files)).toThrow(/^(?!.*SECRET)/)
})

it("Basic is the base64 of UTF-8 (RFC 7617 section 2.1)", () => {
  expect(basicAuthorization("test", "123\u00a3")).toBe("Basic dGVzdDoxMjPCow==")
})

it.each([
  ["a:b", "p"],
  ["a", "p\n"],
  ["a\r\nX: y", "p"],
  ["a\0", "p"],
])("user %j with %j cannot be sent", (username, password) => {
  expect(() => basicAuthorization(username, password)).toThrow(
    expect.objectContaining({ code: "E_CONFIG_INVALID" }) as Error,
  )
})
