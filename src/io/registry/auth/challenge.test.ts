import { describe, expect, it } from "vitest"

import { ToolError } from "../../../core/errors.ts"
import { parseChallenges } from "./challenge.ts"

const plain = (headers: readonly string[]): unknown =>
  parseChallenges(headers).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)])

describe("parseChallenges", () => {
  it.each<[string, readonly string[], unknown]>([
    ["nothing", [], []],
    ["an empty header", [""], []],
    [
      "commas inside quotes",
      ['Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"'],
      [["bearer", { realm: "https://auth.example/token", service: "reg", scope: "repository:a/b:pull,push" }]],
    ],
    ["spaces around", ['BEARER  realm = "a" ,  service="b"'], [["bearer", { realm: "a", service: "b" }]]],
    ["tokens without quotes", ["Basic realm=reg, charset=UTF-8"], [["basic", { realm: "reg", charset: "UTF-8" }]]],
    ["escapes", ['Basic realm="a\\"b\\\\c"'], [["basic", { realm: 'a"b\\c' }]]],
    ["a scheme alone", ["Negotiate"], [["negotiate", {}]]],
    [
      "token68",
      ["Negotiate abc==, Basic realm=x"],
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      "two in one header",
      ['Basic realm="x", Bearer realm="y"'],
      [
        ["basic", { realm: "x" }],
        ["bearer", { realm: "y" }],
      ],
    ],
    [
      "two headers",
      ["Negotiate", 'Bearer realm="y"'],
      [
        ["negotiate", {}],
        ["bearer", { realm: "y" }],
      ],
    ],
    [
      "two schemes alone",
      ["Negotiate, NTLM"],
      [
        ["negotiate", {}],
        ["ntlm", {}],
      ],
    ],
    ["names in any case", ['Bearer REALM="x"'], [["bearer", { realm: "x" }]]],
    ["empty list items", [', ,Basic realm="x",,'], [["basic", { realm: "x" }]]],
    ["an empty value", ['Bearer realm="",service=""'], [["bearer", { realm: "", service: "" }]]],
    [
      "names of JavaScript",
      ['Bearer __proto__="x",constructor=y'],
      [["bearer", { ["__proto__"]: "x", constructor: "y" }]],
    ],
  ])("reads %s", (_name, headers, expected) => {
    expect(plain(headers)).toEqual(expected)
  })

  it.each([
    ["an open quote", 'Bearer realm="x'],
    ["a value missing", "Bearer realm="],
    ["a repeated realm", 'Bearer realm="https://a/",realm="https://b/"'],
    ["a repeated realm in another case", 'Bearer realm="https://a/",Realm="https://b/"'],
    ["a character of no token", "Bearer realm=(x)"],
    ["something else", '"quoted"'],
    ["too much", `Bearer realm="${"x".repeat(20_000)}"`],
  ])("refuses %s", (_name, header) => {
    expect(() => parseChallenges([header])).toThrow(ToolError)
    expect(() => parseChallenges([header])).toThrow(expect.objectContaining({ code: "E_REGISTRY_PROTOCOL" }) as Error)
  })
})
