import { PassThrough } from "node:stream"
import { describe, expect, it } from "vitest"
import { createPrompter } from "./terminal.ts"

interface Fake {
  readonly stdin: PassThrough & { isTTY?: boolean; setRawMode?: (raw: boolean) => unknown }
  readonly stderr: PassThrough
  readonly raw: boolean[]
  shown(): string
}

function fake(isTTY: boolean, input: string | Uint8Array): Fake {
  const raw: boolean[] = []
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: (on: boolean) => raw.push(on) })
  const stderr = new PassThrough()
  stdin.write(input)
  return { stdin, stderr, raw, shown: () => String(stderr.read() ?? "") }
}

const text = (value: Uint8Array): string => new TextDecoder().decode(value)

describe("prompter", () => {
  it.each([
    ["enter", "secret\r", "secret"],
    ["newline", "secret\n", "secret"],
    ["empty", "\r", ""],
    ["backspace", "secrex\u007ft\r", "secret"],
    ["backspace over a letter of two bytes", "sé\u007f\u007fok\r", "ok"],
    ["control-U", "wrong\u0015right\r", "right"],
    ["blanks stay", "  a b \r", "  a b "],
    ["control-D ends", "secret\u0004", "secret"],
  ])("reads a password without echo: %s", async (_, input, expected) => {
    const terminal = fake(true, input)
    expect(text(await createPrompter(terminal).password("Enter password for private key: "))).toBe(expected)
    expect(terminal.shown()).toBe("Enter password for private key: \n")
    expect(terminal.raw).toEqual([true, false])
  })

  it("reads two answers that arrive together", async () => {
    const prompter = createPrompter(fake(true, "one\rtwo\ry\r"))
    expect(text(await prompter.password("first"))).toBe("one")
    expect(text(await prompter.password("second"))).toBe("two")
    expect(await prompter.confirm("sure?")).toBe(true)
  })

  it("Control-C restores the terminal and declines", async () => {
    const terminal = fake(true, "sec\u0003")
    await expect(createPrompter(terminal).password("password")).rejects.toMatchObject({ code: "E_DECLINED" })
    expect(terminal.raw).toEqual([true, false])
  })

  it.each([
    ["y\n", true],
    ["Y\n", true],
    ["yes\n", true],
    [" y \n", true],
    ["\n", false],
    ["n\n", false],
    ["no\n", false],
    ["yep\n", false],
    ["ja\n", false],
  ])("confirms only a clear yes: %j", async (input, expected) => {
    const terminal = fake(true, input)
    expect(await createPrompter(terminal).confirm("Overwrite?")).toBe(expected)
    expect(terminal.shown()).toBe("Overwrite? [y/N] ")
  })

  it("keeps a question that names its answers", async () => {
    const terminal = fake(true, "y\n")
    await createPrompter(terminal).confirm("Continue? [y/N]")
    expect(terminal.shown()).toBe("Continue? [y/N] ")
  })

  it("asks for a line that may be seen", async () => {
    const terminal = fake(true, " zo\u00eb \nrest")
    expect(await createPrompter(terminal).text("user name")).toBe("zo\u00eb")
    expect([terminal.shown(), terminal.raw]).toEqual(["user name: ", []])
  })

  it("leaves a question as it is that ends in a space", async () => {
    const terminal = fake(true, "y\n")
    expect(await createPrompter(terminal).text("Sure? [y/N] ")).toBe("y")
    expect(terminal.shown()).toBe("Sure? [y/N] ")
  })

  it("the end of input is no yes", async () => {
    const terminal = fake(true, "y")
    terminal.stdin.end()
    expect(await createPrompter(terminal).confirm("Continue?")).toBe(true)
    const closed = fake(true, " ")
    closed.stdin.end()
    expect(await createPrompter(closed).confirm("Continue?")).toBe(false)
  })

  it("never waits without a terminal", async () => {
    const prompter = createPrompter(fake(false, "y\n"))
    expect(prompter.interactive).toBe(false)
    await expect(prompter.text("t")).rejects.toMatchObject({ code: "E_KEY_NO_TERMINAL" })
    await expect(prompter.password("p")).rejects.toMatchObject({ code: "E_KEY_NO_TERMINAL" })
    await expect(prompter.confirm("c")).rejects.toMatchObject({ code: "E_KEY_NO_TERMINAL" })
  })
})
