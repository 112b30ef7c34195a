import { describe, expect, it } from "vitest"

import { notationFolders } from "./folders.ts"

describe("where notation keeps things", () => {
  const home = "/home/u"
  it.each([
    ["linux", "linux", home, {}, "/home/u/.config/notation", "/home/u/.cache/notation"],
    [
      "XDG",
      "linux",
      home,
      { XDG_CONFIG_HOME: "/x/config", XDG_CACHE_HOME: "/x/cache" },
      "/x/config/notation",
      "/x/cache/notation",
    ],
    [
      "empty XDG",
      "linux",
      home,
      { XDG_CONFIG_HOME: "", XDG_CACHE_HOME: "" },
      "/home/u/.config/notation",
      "/home/u/.cache/notation",
    ],
    ["relative XDG", "linux", home, { XDG_CONFIG_HOME: "x", XDG_CACHE_HOME: "y" }, ".notation", ".notation/cache"],
    ["no home", "linux", "", {}, ".notation", ".notation/cache"],
    ["no home on macOS", "darwin", "", {}, ".notation", ".notation/cache"],
    [
      "macOS does not know XDG",
      "darwin",
      "/Users/u",
      { XDG_CONFIG_HOME: "/x" },
      "/Users/u/Library/Application Support/notation",
      "/Users/u/Library/Caches/notation",
    ],
    [
      "Windows",
      "win32",
      "C:\\Users\\u",
      { APPDATA: "C:\\Roaming", LOCALAPPDATA: "C:\\Local" },
      "C:\\Roaming\\notation",
      "C:\\Local\\notation",
    ],
    ["Windows without its folders", "win32", "C:\\Users\\u", {}, ".notation", ".notation\\cache"],
    ["our own variables", "linux", home, { NOTATION_CONFIG: "c", NOTATION_CACHE: "/k" }, "c", "/k"],
    [
      "empty ones",
      "linux",
      home,
      { NOTATION_CONFIG: "", NOTATION_CACHE: "" },
      "/home/u/.config/notation",
      "/home/u/.cache/notation",
    ],
  ])("%s", (_name, platform, user, env, config, cache) => {
    expect(notationFolders({ env, home: user, platform })).toEqual({ config, cache, libexec: config })
  })

  it("plugins have a folder of their own when it is named", () => {
    const env = { NOTATION_LIBEXEC: "/l" }
    expect(notationFolders({ env, home, platform: "linux" }).libexec).toBe("/l")
  })

  it("nothing is taken from a prototype", () => {
    const env = Object.create({ NOTATION_CONFIG: "/evil", XDG_CONFIG_HOME: "/evil" }) as Record<string, string>
    expect(notationFolders({ env, home, platform: "linux" }).config).toBe("/home/u/.config/notation")
  })
})
