import { describe, expect, it } from "vitest"
import type { HttpClient } from "../io/net/http-types.ts"
import { countedHttp } from "./counted-http.ts"

/** Clients that are numbered, and what became of them. */
function clients(): { readonly events: string[]; readonly lend: ReturnType<typeof countedHttp> } {
  const events: string[] = []
  let made = 0
  const lend = countedHttp(() => {
    const name = `client ${++made}`
    return {
      open: () => Promise.resolve({ name } as unknown as HttpClient),
      close: () => {
        events.push(`${name} closed`)
        return Promise.resolve()
      },
    }
  })
  return { events, lend }
}

describe("a client that is lent", () => {
  it("is shared by those who use it at the same time, and closed after the last", async () => {
    const { events, lend } = clients()
    const gate = Promise.withResolvers<undefined>()
    const first = lend(async (http) => {
      events.push(`first has ${JSON.stringify(await http())}`)
      await gate.promise
    })
    await lend(async (http) => {
      events.push(`second has ${JSON.stringify(await http())}`)
    })
    expect(events).toEqual(['first has {"name":"client 1"}', 'second has {"name":"client 1"}'])
    gate.resolve(undefined)
    await first
    expect(events.at(-1)).toBe("client 1 closed")
  })

  it("is another one later", async () => {
    const { events, lend } = clients()
    expect(await lend(() => Promise.resolve("answer"))).toBe("answer")
    await lend(() => Promise.resolve())
    expect(events).toEqual(["client 1 closed", "client 2 closed"])
  })

  it("is closed after a failure, too", async () => {
    const { events, lend } = clients()
    await expect(lend(() => Promise.reject(new Error("no")))).rejects.toThrow("no")
    expect(events).toEqual(["client 1 closed"])
  })
})
