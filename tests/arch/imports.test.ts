import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../../", import.meta.url))
const cruiser = fileURLToPath(
  new URL("../../node_modules/dependency-cruiser/bin/dependency-cruiser.mjs", import.meta.url),
)

const FIXTURE = "tests/arch/fixtures/layers"

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

  it("bite: the fixture breaks them, with a family that no rule names too", async () => {
    const { code, violations } = await cruise(FIXTURE)
    expect(code).not.toBe(0)
    const short = violations.map((line) =>
      line.replaceAll(`${FIXTURE}/`, "").replaceAll(/node_modules\/(?=yaml).*$/g, "yaml"),
    )
    expect(short.sort()).toEqual([
      "door-yaml: app/use.ts -> yaml",
      "family-app: app/third/names.ts -> app/notation/theirs.ts",
      "family-faces: faces/third/names.ts -> faces/cosign/theirs.ts",
      "family-formats: formats/third/names.ts -> formats/cosign/theirs.ts",
      "family-formats: formats/third/read.ts -> app/use.ts",
      "family-policy: policy/third/names.ts -> policy/notation/theirs.ts",
      "layer-app: app/use.ts -> io/net/client.ts",
      "layer-core: core/thing.ts -> io/net/client.ts",
      "pure-layers-without-node: core/thing.ts -> fs",
    ])
  })
})
