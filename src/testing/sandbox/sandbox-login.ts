/** What a person's browser does at the login page of a sandbox. */
export interface SandboxLogin {
  /**
   * Log in, or deny it.
   *
   * @param url - where a program sends the browser to.
   * @param who - e-mail address, or `deny`.
   * @returns where the browser is sent then; the code itself where the program asked to have it shown.
   * @throws {Error} with the page's text when that is no login.
   */
  authorize(url: string, who: string): Promise<string>
  /** The same for a login that a program on another device waits for. @param url - with the code the program shows. */
  device(url: string, who: string): Promise<void>
}

/** @param fetch - the sandbox itself. */
export function sandboxLogin(fetch: (request: Request) => Promise<Response>): SandboxLogin {
  const submit = async (url: string, who: string): Promise<Response> => {
    const page = await (await fetch(new Request(url))).text()
    const action = /<form method="post" action="([^"]+)">/.exec(page)?.[1]
    if (action === undefined) throw new Error(`no login form: ${textOf(page)}`)
    const fields = new URLSearchParams(who === "deny" ? { decision: "deny" } : { decision: "allow", email: who })
    for (const [, tag = ""] of page.matchAll(/<input ([^>]*)>/g)) {
      const [name, value] = [/name="([^"]*)"/.exec(tag)?.[1], /value="([^"]*)"/.exec(tag)?.[1]]
      if (name !== undefined && value !== undefined && !fields.has(name)) fields.set(name, value)
    }
    return fetch(new Request(action, { method: "POST", body: fields }))
  }
  return {
    async authorize(url, who) {
      const answer = await submit(url, who)
      const location = answer.headers.get("location")
      if (location !== null) return location
      const page = await answer.text()
      const code = /<code id="code">([^<]+)<\/code>/.exec(page)?.[1]
      if (code === undefined) throw new Error(textOf(page))
      return code
    },
    async device(url, who) {
      const answer = await submit(url, who)
      if (!answer.ok) throw new Error(textOf(await answer.text()))
    },
  }
}

function textOf(page: string): string {
  return page
    .replaceAll(/<style>[^]*?<\/style>|<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim()
}
