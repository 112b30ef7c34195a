import { expect, it } from "vitest"
import { logrusLine } from "./logrus-line.ts"

const at = Date.UTC(2026, 10, 20, 9, 19, 22, 744)

it.each([
  [{ at, precise: true }, "time=2026-11-20 09:19:22.744000000Z level=debug msg=Request #0\n"],
  [{ at, precise: false }, "time=2026-11-20T09:19:22Z level=debug msg=Request #0\n"],
  [{ precise: false }, "level=debug msg=Request #0\n"],
])("%j", (form, line) => {
  expect(logrusLine("debug", "Request #0", form)).toBe(line)
})

it("a message stays on its line", () => {
  expect(logrusLine("warning", "a\nlevel=info \u001b[2J", { precise: false })).toBe(
    "level=warning msg=a\\nlevel=info \\x1b[2J\n",
  )
})
