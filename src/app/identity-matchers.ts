import { compilePattern } from "../codec/re2.ts"
import { ToolError } from "../core/errors.ts"
import type { FulcioExtension, IdentityRule, TextRule } from "../core/sigstore.ts"

/** Issuer of the identity tokens of GitHub Actions, where none is named. */
export const GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
/** As {@link GITHUB_ISSUER}, of GitLab CI. */
export const GITLAB_ISSUER = "https://gitlab.com"

/** Stands for the issuer of a certificate that names none. An issuer is a URL, so it can be no issuer's name. */
const NO_ISSUER = "none"

const WORKFLOWS = ".github/workflows/"
const MOST = 1024

/**
 * Who may have signed, as a command line says it: `email:…`, `uri:…` and `san:…` are equal to the subject alternative name,
 * `spiffe://…` likewise, `re2:…` is a pattern for the whole of it, `github:OWNER[/REPO][/workflow.yml][@ref]` and
 * `gitlab:GROUP/PROJECT[//FILE][@ref]` name what was built; anything else is a subject alternative name as it stands.
 *
 * @param issuer - URL of the OIDC issuer, or `re2:` and a pattern; `none` for certificates of a private authority that name
 *   no issuer. The last two kinds know theirs.
 * @throws {ToolError} `E_USAGE` for what is malformed, and without issuer.
 */
export function identityRule(text: string, issuer?: string): IdentityRule {
  if (text === "") throw empty("--identity", "name the signer, such as `--identity alice@example.com`")
  if (text.length > MOST) throw refused(text, `it has ${text.length} characters, expected at most ${MOST}`)
  const [kind, value] = split(text)
  switch (kind) {
    case "github":
      return withIssuer(githubRule(githubHost(issuer), value, text), text, issuer, GITHUB_ISSUER)
    case "gitlab":
      return withIssuer(gitlabRule(gitlabHost(issuer), value, text), text, issuer, GITLAB_ISSUER)
    case "re2":
      return withIssuer({ subject: patternRule(value, text), extensions: {} }, text, issuer)
    case "email":
      if (!/^[\x21-\x7e]+@[\x21-\x7e]+$/.test(value)) throw refused(text, "that is no e-mail address")
      return withIssuer({ subject: exact(value), subjectKind: "email", extensions: {} }, text, issuer)
    case "uri":
      if (!/^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(value)) throw refused(text, "that is no URI")
      return withIssuer({ subject: exact(value), subjectKind: "URI", extensions: {} }, text, issuer)
    default:
      if (value === "") throw refused(text, "nothing follows the kind")
      return withIssuer({ subject: exact(value), extensions: {} }, text, issuer)
  }
}

/** What a matcher says besides issuer and text. */
type Matched = Required<Pick<IdentityRule, "subject" | "extensions">> & Pick<IdentityRule, "subjectKind">

const KINDS = ["email", "uri", "san", "re2", "github", "gitlab"] as const

/** Whether a text is of one of the kinds that name holders of Sigstore's certificates. */
export function isIdentityMatcher(text: string): boolean {
  return text.startsWith("spiffe://") || split(text)[0] !== undefined
}

function split(text: string): readonly [kind: (typeof KINDS)[number] | undefined, value: string] {
  const kind = KINDS.find((name) => text.startsWith(`${name}:`))
  return kind === undefined ? [undefined, text] : [kind, text.slice(kind.length + 1)]
}

function withIssuer(matched: Matched, text: string, given: string | undefined, implied?: string): IdentityRule {
  const issuer = given ?? implied
  if (issuer === undefined) {
    throw new ToolError("E_USAGE", {
      what: `the identity ${JSON.stringify(text.slice(0, 200))} without an issuer`,
      why: "anybody can run an issuer that calls its users so; nothing says whose word counts",
      next: ["name the issuer: `--issuer https://accounts.google.com`"],
    })
  }
  return { ...matched, issuer: issuerRule(issuer), text }
}

function issuerRule(text: string): TextRule {
  if (text === "") throw empty("--issuer", "name the issuer, such as `--issuer https://accounts.google.com`")
  if (text.length > MOST) throw refused(text, `it has ${text.length} characters, expected at most ${MOST}`)
  if (text === NO_ISSUER) return { kind: "pattern", pattern: "^$", anchored: true, orNone: true }
  return text.startsWith("re2:") ? patternRule(text.slice(4), text) : exact(text)
}

function exact(value: string): TextRule {
  return { kind: "exact", value }
}

function patternRule(pattern: string, text: string): TextRule {
  if (pattern === "") throw refused(text, "the pattern is empty and matches nobody, or everybody")
  compilePattern(pattern, "the pattern of an identity")
  return { kind: "pattern", pattern, anchored: true }
}

/** Where repositories lie whose workflows get their tokens from an issuer: a server of one's own is its own issuer. */
function githubHost(issuer: string | undefined): string {
  const { hostname = "", host = "", pathname = "" } = urlOf(issuer) ?? {}
  if (pathname === "/_services/token") return `https://${host}`
  const [, tenant] = /^token\.actions\.([a-z0-9-]+\.ghe\.com)$/.exec(hostname) ?? []
  return `https://${tenant ?? "github.com"}`
}

function gitlabHost(issuer: string | undefined): string {
  const url = urlOf(issuer)
  return url?.protocol === "https:" && url.pathname === "/" ? url.origin : "https://gitlab.com"
}

function urlOf(issuer: string | undefined): URL | undefined {
  return issuer === undefined ? undefined : (URL.parse(issuer) ?? undefined)
}

/** Spec: sigstore/fulcio `docs/oid-info.md`; the subject is the URI of the workflow that ran. */
function githubRule(host: string, value: string, text: string): Matched {
  const { path, ref } = atRef(value, text)
  const [, owner = "", repository, workflow] =
    /^([A-Za-z0-9][A-Za-z0-9-]*)(?:\/([A-Za-z0-9._-]+)(?:\/(.+))?)?$/.exec(path) ?? []
  if (owner === "") throw refused(text, "expected github:OWNER/REPO, then /workflow.yml and @refs/… if they matter")
  const source = `${host}/${owner}`
  if (repository === undefined) {
    const subject = `${quoted(source)}/[^/@]+/${quoted(WORKFLOWS)}[^/@]+@${ref === undefined ? "[^@]+" : quoted(ref)}`
    return { subject: anchored(subject), extensions: extensionsOf({ sourceRepositoryOwnerUri: source }, ref) }
  }
  const uri = `${source}/${repository}`
  const extensions = extensionsOf({ sourceRepositoryUri: uri }, ref)
  if (workflow === undefined) {
    const subject = `${quoted(`${uri}/${WORKFLOWS}`)}[^/@]+@${ref === undefined ? "[^@]+" : quoted(ref)}`
    return { subject: anchored(subject), extensions }
  }
  const file = workflow.startsWith(WORKFLOWS) ? workflow.slice(WORKFLOWS.length) : workflow
  if (!/^[A-Za-z0-9._-]+\.ya?ml$/.test(file)) throw refused(text, `${JSON.stringify(file)} is no workflow's file name`)
  const ran = `${uri}/${WORKFLOWS}${file}@`
  return { subject: ref === undefined ? anchored(`${quoted(ran)}[^@]+`) : exact(ran + ref), extensions }
}

/** Spec: sigstore/fulcio `docs/oid-info.md`; the subject is the URI of the pipeline's configuration file. */
function gitlabRule(host: string, value: string, text: string): Matched {
  const { path, ref } = atRef(value, text)
  const [project = "", ...files] = path.split("//")
  if (!/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/.test(project) || files.length > 1) {
    throw refused(text, "expected gitlab:GROUP/PROJECT, then //FILE and @refs/… if they matter")
  }
  const [file] = files
  const source = `${host}/${project}`
  if (!project.includes("/")) {
    if (file !== undefined) throw refused(text, "a file without a project")
    const subject = `${quoted(source)}/[^@]+//[^@]+@${ref === undefined ? "[^@]+" : quoted(ref)}`
    return { subject: anchored(subject), extensions: extensionsOf({ sourceRepositoryOwnerUri: source }, ref) }
  }
  const extensions = extensionsOf({ sourceRepositoryUri: source }, ref)
  if (file !== undefined && !/^[A-Za-z0-9._/-]+$/.test(file)) throw refused(text, "that is no file's name")
  if (file !== undefined && ref !== undefined) return { subject: exact(`${source}//${file}@${ref}`), extensions }
  const subject = `${quoted(source)}//${file === undefined ? "[^@]+" : quoted(file)}@${ref === undefined ? "[^@]+" : quoted(ref)}`
  return { subject: anchored(subject), extensions }
}

function extensionsOf(
  source: Partial<Record<FulcioExtension, string>>,
  ref: string | undefined,
): IdentityRule["extensions"] {
  const all = { ...source, ...(ref === undefined ? {} : { sourceRepositoryRef: ref }) }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, exact(value)]))
}

/** What stands before and behind the only `@`; a reference is written whole, since `v1` may be a branch or a tag. */
function atRef(value: string, text: string): { readonly path: string; readonly ref: string | undefined } {
  const at = value.indexOf("@")
  if (at < 0) return { path: value, ref: undefined }
  const ref = value.slice(at + 1)
  if (/^refs\/[A-Za-z0-9._/+-]+$/.test(ref)) return { path: value.slice(0, at), ref }
  throw refused(
    text,
    `${JSON.stringify(ref.slice(0, 200))} is no whole reference; expected @refs/heads/… or @refs/tags/…`,
  )
}

function anchored(pattern: string): TextRule {
  return { kind: "pattern", pattern, anchored: true }
}

/** The text as a pattern for itself. */
function quoted(text: string): string {
  return text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`)
}

function empty(flag: string, next: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `${flag} is empty`,
    why: "it was given without a value, perhaps from a variable that is not set",
    next: ["check the variable", next],
  })
}

function refused(text: string, why: string): ToolError {
  return new ToolError("E_USAGE", {
    what: `the identity ${JSON.stringify(text.slice(0, 200))} cannot be used`,
    why,
    next: ["see `countersign verify --help` for the kinds of identities"],
  })
}
