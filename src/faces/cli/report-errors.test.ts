import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { Output } from "./output.ts"
import { reportErrors } from "./report-errors.ts"

async function shown(count: number): Promise<readonly string[]> {
  const lines: string[] = []
  const output = {
    error: (error: ToolError, artifact?: string) => {
      lines.push(`${artifact ?? "-"}: ${error.message}`)
      return Promise.resolve()
    },
  } as unknown as Output
  const errors = Array.from({ length: count }, (_, index) => ({
    artifact: `registry.example/app:${index}`,
    error: new ToolError("E_NET_TIMEOUT", { what: "no answer" }),
  }))
  await reportErrors(errors, output)
  return lines
}

describe("reportErrors", () => {
  it.each([
    [0, 0],
    [1, 1],
    [4, 4],
    [5, 4],
    [1000, 4],
  ])("%s errors of one kind take %s messages", async (count, messages) => {
    expect(await shown(count)).toHaveLength(messages)
  })

  it("the last message counts and names the rest", async () => {
    const [, , , last] = await shown(6)
    expect(last).toContain("the same for 3 more artifacts")
    for (const tag of [3, 4, 5]) expect(last).toContain(`registry.example/app:${tag}`)
  })
})
