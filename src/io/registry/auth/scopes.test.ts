import { describe, expect, it } from "vitest"

import { coversScopes, mergeScopes, repositoryOf } from "./scopes.ts"

describe("mergeScopes", () => {
  it.each<[readonly (readonly string[])[], readonly string[]]>([
    [[], []],
    [[["repository:a/b:push", "repository:a/b:pull"]], ["repository:a/b:pull,push"]],
    [
      [["repository:a/b:pull"], ["repository:a/b:pull,push repository:c:pull"]],
      ["repository:a/b:pull,push", "repository:c:pull"],
    ],
    [[["repository:a:*", "repository:a:pull"]], ["repository:a:*"]],
    [[["registry:catalog:*"]], ["registry:catalog:*"]],
    [[["repository:host:5000/a:pull"], ["repository:host:5000/a:push"]], ["repository:host:5000/a:pull,push"]],
    [[["repository(plugin):a:pull"]], ["repository(plugin):a:pull"]],
    [[["", " ", "aws"]], ["aws"]],
  ])("%j gives %j", (input, expected) => {
    expect(mergeScopes(...input)).toEqual(expected)
  })
})

it("a set covers what adds nothing to it", () => {
  expect(coversScopes(["repository:a:pull,push"], ["repository:a:pull"])).toBe(true)
  expect(coversScopes(["repository:a:pull"], ["repository:a:push"])).toBe(false)
  expect(coversScopes(["repository:a:pull"], ["repository:b:pull"])).toBe(false)
  expect(coversScopes(["repository:a:*"], ["repository:a:push"])).toBe(true)
})

it.each([
  [["repository:a/b:pull"], "a/b"],
  [["repository:host:5000/a:pull"], "host:5000/a"],
  [["registry:catalog:*"], undefined],
  [[], undefined],
])("repository of %j", (scopes, expected) => {
  expect(repositoryOf(scopes)).toBe(expected)
})
