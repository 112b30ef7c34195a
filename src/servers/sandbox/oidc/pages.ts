import { createHash } from "node:crypto"

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { display: grid; place-items: center; min-height: 100vh; margin: 0 }
main { width: min(24rem, 90vw) }
h1 { font-size: 1.4rem; margin: 0 0 .5rem }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600 }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
button { margin: 1rem .5rem 0 0; padding: .5rem 1rem; font: inherit; cursor: pointer }
.error { border-left: .25rem solid #b00020; padding-left: .5rem }
code { font-size: 1.1rem; overflow-wrap: anywhere }
`

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64")

/** A page and where its form may lead. */
export interface Page {
  readonly title: string
  /** HTML. Whatever comes from outside has gone through {@link escapeHtml}. */
  readonly body: string
  readonly status?: number
  /** Origin that the answer to the form redirects to; browsers hold redirects of forms to the same rule. */
  readonly leadsTo?: string
}

/** Text as HTML. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
}

/** A page as an answer. SECURITY: no script at all, no frames, forms to this server and the one redirect alone. */
export function pageResponse({ title, body, status = 200, leadsTo }: Page): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`
  const formAction = leadsTo === undefined ? "'self'" : `'self' ${leadsTo}`
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; frame-ancestors 'none'; base-uri 'none'`,
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    },
  })
}

/** A page that only says something. */
export function messagePage(title: string, text: string, status = 200): Response {
  return pageResponse({ title, body: `<p>${escapeHtml(text)}</p>`, status })
}

/** What the login form needs. */
export interface LoginForm {
  /** Where it is posted. */
  readonly action: string
  /** Fields that nobody sees. */
  readonly hidden: Readonly<Record<string, string>>
  readonly clientId: string
  /** Ask for the code shown on the other device; its value so far. */
  readonly userCode?: string
  readonly error?: string
  readonly leadsTo?: string
}

/** The login page: an e-mail address, and a button to deny. */
export function loginPage(form: LoginForm): Response {
  const hidden = Object.entries(form.hidden).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const code =
    form.userCode === undefined
      ? ""
      : `<label for="user_code">Code shown by the program</label>
<input id="user_code" name="user_code" value="${escapeHtml(form.userCode)}" autocomplete="off" autocapitalize="characters">`
  const error = form.error === undefined ? "" : `<p class="error" role="alert">${escapeHtml(form.error)}</p>`
  return pageResponse({
    title: "Log in to the sandbox",
    status: form.error === undefined ? 200 : 400,
    ...(form.leadsTo === undefined ? {} : { leadsTo: form.leadsTo }),
    body: `<p><strong>${escapeHtml(form.clientId)}</strong> asks who you are. This is a private Sigstore for tests: any e-mail address will do.</p>
${error}
<form method="post" action="${escapeHtml(form.action)}">
${hidden.join("\n")}
${code}
<label for="email">E-mail address</label>
<input id="email" name="email" type="text" inputmode="email" autocomplete="email" autofocus>
<button type="submit" name="decision" value="allow">Log in</button>
<button type="submit" name="decision" value="deny">Deny</button>
</form>`,
  })
}
