import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../../", import.meta.url))
const cruiser = fileURLToPath(
  new URL("../../node_modules/dependency-cruiser/bin/dependency-cruiser.mjs", import.meta.url),
)

interface Violation {
  readonly rule: { readonly name: string }
  readonly from: string
  readonly to: string
}

async function cruise(folder: string): Promise<{ code: number; violations: readonly string[]; modules: number }> {
  const args = [cruiser, folder, "--config", ".dependency-cruiser.cjs", "--output-type", "json"]
  const env = { ...process.env, LAYER_ROOT: folder }
  const done = await run(process.execPath, args, { cwd: root, env, maxBuffer: 256 * 1024 * 1024 }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: unknown) => ({ code: 1, stdout: (error as { stdout: string }).stdout }),
  )
  const report = JSON.parse(done.stdout) as { modules: unknown[]; summary: { violations: Violation[]; error: number } }
  const violations = report.summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`)
  return { code: report.summary.error > 0 ? 1 : done.code, violations, modules: report.modules.length }
}

describe("layer rules", () => {
  it("hold in src", async () => {
    const { violations, modules } = await cruise("src")
    expect(violations).toEqual([])
    expect(modules).toBeGreaterThan(20)
  })

  it("bite: the fixture breaks four of them", async () => {
    const { code, violations } = await cruise("tests/arch/fixtures/layers")
    expect(code).not.toBe(0)
    const names = violations.map((line) => line.slice(0, line.indexOf(":")))
    expect(new Set(names)).toEqual(new Set(["layer-core", "layer-app", "pure-layers-without-node", "door-yaml"]))
  })
})
