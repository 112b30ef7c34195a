import { execFileSync } from "node:child_process"
import { truncateSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { afterEach, expect, it } from "vitest"

import { failureOf, makeTestHome, type TestHome } from "../test-home.ts"

let test: TestHome | undefined
afterEach(() => test?.remove())

it.each([
  ["zip", (archive: string) => ["zip", ["-q", "-1", archive, "notation-bomb"]] as const],
  ["tar.gz", (archive: string) => ["tar", ["-czf", archive, "notation-bomb"]] as const],
])(
  "zeros that fill more than the bound are refused by size: %s",
  async (kind, pack) => {
    test = makeTestHome()
    const file = test.at("source", "notation-bomb")
    writeFileSync(file, "")
    truncateSync(file, 257 * 1024 * 1024)
    const archive = test.at(`bomb.${kind}`)
    const [program, args] = pack(archive)
    execFileSync(program, args, { cwd: dirname(file) })

    const failure = await failureOf(test.home.plugins.install(archive, { force: false }))
    expect(failure).toMatchObject({ code: "E_PLUGIN_INVALID", what: "total file size reached the 256 MiB size limit" })
  },
  60_000,
)
