import { describe, expect, it } from "vitest"
import { memoryWorld } from "../../../../tests/faces/memory-world.ts"
import { ToolError } from "../../../core/errors.ts"
import type { PluginHost } from "../../../core/notation-home.ts"
import { runProgram } from "../../command-line/run-program.ts"
import { notationProgram } from "../program.ts"

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Run `plugin install` where installing is done by `methods`. */
async function install(args: readonly string[], methods: Partial<PluginHost>): Promise<Ended> {
  const memory = memoryWorld({ folder: "/nowhere", env: { NOTATION_CONFIG: "/nowhere" } })
  const world = {
    ...memory.world,
    open: async (options: Parameters<typeof memory.world.open>[0]) => {
      const app = await memory.world.open(options)
      return { ...app, notation: { ...app.notation, plugins: { ...app.notation.plugins, ...methods } } }
    },
  }
  try {
    const code = await runProgram(notationProgram, ["plugin", "install", ...args], world, "cobra")
    return { code, stdout: memory.stdout(), stderr: memory.stderr() }
  } finally {
    await memory.close()
  }
}

const url = "https://plugins.example/p.zip"
const fromUrl = ["--url", url, "--sha256sum", "00"]
const download = { stage: "download" }

describe("from a URL", () => {
  it.each([
    [
      "no answer",
      new ToolError("E_NET_DNS", {
        what: `failed to download plugin from URL ${url} with error: no such host: plugins.example`,
        why: "plugins.example",
        details: download,
      }),
      `failed to download plugin from URL ${url} with error: no such host: plugins.example`,
    ],
    [
      "a refusal",
      new ToolError("E_PLUGIN_INVALID", {
        what: `failed to download plugin from URL ${url} with error: GET "${url}": https response bad status: 404 Not Found`,
        details: download,
      }),
      `failed to download plugin from URL ${url} with error: GET "${url}": https response bad status: 404 Not Found`,
    ],
    [
      "a refusal that would add a line",
      new ToolError("E_PLUGIN_INVALID", { what: "failed: x\nSuccessfully installed", details: download }),
      "failed: x\\nSuccessfully installed",
    ],
    [
      "a full disk",
      new ToolError("E_IO", {
        what: "cannot write /tmp/x",
        why: "write /tmp/x: no space left on device",
        details: { errno: "ENOSPC" },
      }),
      `failed to download plugin from URL ${url} with error: write /tmp/x: no space left on device`,
    ],
  ])("%s: the words of the download stand alone", async (_name, error, message) => {
    expect(await install(fromUrl, { installFromUrl: () => Promise.reject(error) })).toEqual({
      code: 1,
      stdout: `Downloading plugin from ${url}\n`,
      stderr: `Error: ${message}\n`,
    })
  })

  it("another file: the installation failed", async () => {
    const what = "plugin SHA-256 checksum does not match user input. Expecting 00"
    const ended = await install(fromUrl, {
      installFromUrl: (_url, { onDownloaded }) => {
        onDownloaded?.()
        return Promise.reject(new ToolError("E_PLUGIN_INVALID", { what }))
      },
    })
    expect(ended).toEqual({
      code: 1,
      stdout: `Downloading plugin from ${url}\nDownload completed\n`,
      stderr: `Error: plugin installation failed: ${what}\n`,
    })
  })
})
