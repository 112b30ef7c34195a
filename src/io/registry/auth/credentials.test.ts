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
    { username: "u", password: "p", token: "T" },
    { kind: "registry-token", token: "T" },
  ],
])("the user %j is %j", async (user, expected) => {
  const source = preferNamedUser(user, files)
  expect(await source.find("a.example", "x")).toMatchObject(expected)
  expect(await source.headers()).toEqual({ "X-Meta": "1" })
})

it.each([{ username: "u" }, { password: "SECRET" }])("the user %j is incomplete", (user) => {
  expect(() => preferNamedUser(user, files)).toThrow(expect.objectContaining({ code: "E_USAGE" }) as Error)
  expect(() => preferNamedUser(user, files)).toThrow(/^(?!.*SECRET)/)
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
