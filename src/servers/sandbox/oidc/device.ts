import type { OidcContext } from "./context.ts"
import { isEmail } from "./email.ts"
import { parametersOf, readForm } from "./form.ts"
import { DEVICE_SECONDS, type DeviceGrant } from "./grants.ts"
import { json, oauthError } from "./json-answer.ts"
import { loginPage, messagePage } from "./pages.ts"

/** Logins on another device. */
export interface DeviceEndpoints {
  /** POST of the program that wants a token. */
  begin(request: Request): Promise<Response>
  /** GET: the page for the person. */
  ask(request: Request): Promise<Response>
  /** POST of that page. */
  decide(request: Request): Promise<Response>
}

/** Spec: RFC 8628 sections 3.1 to 3.3. */
export function createDeviceEndpoints({ issuer, grants, deviceInterval }: OidcContext): DeviceEndpoints {
  const page = (userCode: string, error?: string): Response =>
    loginPage({
      action: `${issuer}/device`,
      hidden: {},
      clientId: "A program",
      userCode,
      ...(error === undefined ? {} : { error }),
    })
  return {
    async begin(request) {
      const form = await readForm(request)
      if (typeof form === "number") return oauthError("invalid_request", "expected one form", form)
      const clientId = form.get("client_id") ?? ""
      if (!/^[!-~]{1,256}$/.test(clientId))
        return oauthError("invalid_client", "client_id is missing or malformed", 401)
      const challenge = form.get("code_challenge")
      const method = form.get("code_challenge_method")
      if (challenge !== undefined && (method !== "S256" || !/^[A-Za-z0-9_-]{43}$/.test(challenge))) {
        return oauthError("invalid_request", "code_challenge needs code_challenge_method S256")
      }
      const userCode = grants.newUserCode()
      const grant: DeviceGrant = { clientId, userCode, ...(challenge === undefined ? {} : { challenge }) }
      const deviceCode = grants.devices.add(grant)
      grants.userCodes.add(deviceCode, userCode)
      return json({
        device_code: deviceCode,
        user_code: userCode,
        verification_uri: `${issuer}/device`,
        verification_uri_complete: `${issuer}/device?user_code=${userCode}`,
        expires_in: DEVICE_SECONDS,
        interval: deviceInterval,
      })
    },
    ask(request) {
      const given = parametersOf(new URL(request.url).searchParams)
      return Promise.resolve(page((given?.get("user_code") ?? "").slice(0, 20)))
    },
    async decide(request) {
      const form = await readForm(request)
      if (typeof form === "number") return messagePage("Bad request", "This is not the login form.", form)
      const userCode = (form.get("user_code") ?? "").trim().toUpperCase()
      const grant = grants.devices.get(grants.userCodes.get(userCode) ?? "")
      if (grant === undefined || grant.decision !== undefined) {
        return page(userCode.slice(0, 20), "No program waits with this code. Check it, or start the login again.")
      }
      if (form.get("decision") === "deny") {
        grant.decision = "denied"
        return messagePage("Login denied", "The program gets no token. You can close this page.")
      }
      const email = form.get("email")?.trim() ?? ""
      if (!isEmail(email)) return page(userCode, "Write an e-mail address, such as alice@example.com.")
      grant.decision = { email }
      return messagePage("Logged in", "The program has its token in a moment. You can close this page.")
    },
  }
}
