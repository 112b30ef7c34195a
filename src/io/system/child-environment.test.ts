import { expect, it } from "vitest"

import { childEnvironment } from "./child-environment.ts"

it.each([
  "COUNTERSIGN_REGISTRY_TOKEN",
  "COUNTERSIGN_REGISTRY_USERNAME",
  "COUNTERSIGN_REGISTRY_PASSWORD",
  "NOTATION_USERNAME",
  "NOTATION_PASSWORD",
  "Notation_Password",
  "COSIGN_USERNAME",
  "COSIGN_REGISTRY_USERNAME",
  "COSIGN_REGISTRY_PASSWORD",
  "COSIGN_REGISTRY_TOKEN",
  "COSIGN_IDENTITY_TOKEN",
  "SIGSTORE_ID_TOKEN",
])("%s is never passed on", (name) => {
  const env = { [name]: "secret", KEPT: "yes" }
  expect(childEnvironment(env, { keyPasswords: false })).toEqual({ KEPT: "yes" })
  expect(childEnvironment(env, { keyPasswords: true })).toEqual({ KEPT: "yes" })
})

it.each(["COUNTERSIGN_PASSWORD", "COSIGN_PASSWORD", "cosign_password"])("%s is passed on when asked for", (name) => {
  const env = { [name]: "secret", KEPT: "yes" }
  expect(childEnvironment(env, { keyPasswords: false })).toEqual({ KEPT: "yes" })
  expect(childEnvironment(env, { keyPasswords: true })).toEqual(env)
})

it.each([
  "PATH",
  "NOTATION_CONFIG",
  "COSIGN_REPOSITORY",
  "COUNTERSIGN_PASSWORD_HINT",
  "AWS_PROFILE",
  "ACTIONS_ID_TOKEN_REQUEST_URL",
])("%s is passed on", (name) => {
  expect(childEnvironment({ [name]: "value" }, { keyPasswords: false })).toEqual({ [name]: "value" })
})
