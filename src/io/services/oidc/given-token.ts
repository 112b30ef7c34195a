import { decodeUtf8 } from "../../../codec/utf8.ts"
import { asToolError } from "../../../core/errors.ts"
import { KIB, limits } from "../../../core/limits.ts"
import { isTokenLike, parseCompactToken, TOKEN_CHARACTERS } from "./compact-token.ts"
import type { OidcContext } from "./context.ts"
import { noToken, rejected } from "./oidc-errors.ts"

/**
 * The token that a person gave: itself, or in a file.
 *
 * @throws {ToolError} `E_OIDC_REJECTED` for what is no token; `E_OIDC_NO_TOKEN` for a file that cannot be read.
 */
export async function givenToken(ctx: OidcContext, given: string): Promise<string> {
  const text = given.trim()
  if (isTokenLike(text) || isToken(text)) {
    parseCompactToken(text, "the identity token given")
    return text
  }
  // SECURITY: another kind of token, given by mistake, must not be shown as the name of a file that is not there.
  if (/^[\w+=-]{20,}$/.test(text) && !(await ctx.files.exists(given))) {
    throw noToken(
      "the identity token cannot be read",
      `${text.length} characters were given, which are neither a signed compact JWS nor the name of a file that is there`,
      ["give the token itself, or the path of a file with it"],
    )
  }
  return tokenInFile(ctx, given)
}

function isToken(text: string): boolean {
  try {
    parseCompactToken(text, "")
    return true
  } catch {
    return false
  }
}

/**
 * The token in a file, without the spaces around it.
 *
 * @throws {ToolError} `E_OIDC_REJECTED`, `E_OIDC_NO_TOKEN`.
 */
export async function tokenInFile(ctx: OidcContext, path: string): Promise<string> {
  const token = (await textFile(ctx, path, "identity token", TOKEN_CHARACTERS + KIB)).trim()
  parseCompactToken(token, `the identity token in ${path}`)
  return token
}

/**
 * A client secret in a file, without the spaces around it.
 *
 * @throws {ToolError} `E_OIDC_REJECTED` for an empty one; `E_OIDC_NO_TOKEN` when it cannot be read.
 */
export async function clientSecret(ctx: OidcContext, path: string): Promise<string> {
  const secret = (await textFile(ctx, path, "client secret", limits.passwordBytes)).trim()
  if (secret === "") throw rejected("the client secret is empty", `${path} holds nothing`)
  return secret
}

async function textFile(ctx: OidcContext, path: string, what: string, max: number): Promise<string> {
  try {
    return decodeUtf8(await ctx.files.read(path, max), what)
  } catch (thrown) {
    const error = asToolError(thrown)
    if (error.code === "E_LIMIT_EXCEEDED") throw rejected(`the file with the ${what} is too large`, error.message)
    if (error.code === "E_FORMAT_MALFORMED") throw rejected(`the ${what} in ${path} is no text`, "not valid UTF-8")
    throw noToken(`the ${what} cannot be read`, error.message, [`check the path ${path}`])
  }
}
