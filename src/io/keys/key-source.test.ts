import { generateKeyPairSync } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { ToolError } from "../../core/errors.ts"
import type { Prompter } from "../../core/ports.ts"
import { parsePublicKey, publicKeyOf, sameKey } from "../../crypto/public-key.ts"
import type { HttpClient, HttpRequest } from "../net/http-types.ts"
import { createKeySource, type KeySourceOptions } from "./key-source.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const vector = (name: string): Uint8Array =>
  readFileSync(new URL(`../../../tests/vectors/keys/insecure-test-${name}`, import.meta.url))
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" })
const pkcs8 = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()
const encrypted = pair.privateKey
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
  .toString()
const contents: Readonly<Record<string, Uint8Array>> = {
  "cosign.key": vector("cosign3.key"),
  "cosign.pub": vector("cosign3.pub"),
  "plain.key": bytes(pkcs8),
  "encrypted.key": bytes(encrypted),
  "broken.pub": bytes("-----BEGIN PUBLIC KEY-----\nMFk!\n-----END PUBLIC KEY-----\n"),
  "password.txt": bytes("insecure\n"),
  "password-crlf.txt": bytes("insecure\r\n"),
  "-": vector("cosign3.key"),
}

const silent: Prompter = {
  interactive: false,
  text: () => Promise.reject(new Error("asked without a terminal")),
  password: () => Promise.reject(new Error("asked without a terminal")),
  confirm: () => Promise.reject(new Error("asked without a terminal")),
}

function options(change: Partial<KeySourceOptions> = {}): KeySourceOptions {
  return {
    env: { PASSWORD: "insecure", PUB: new TextDecoder().decode(vector("cosign3.pub")) },
    files: {
      read: (path) => {
        const found = contents[path]
        if (found !== undefined) return Promise.resolve(found)
        const why = `open ${path}: no such file or directory`
        return Promise.reject(
          new ToolError("E_FILE_NOT_FOUND", { what: `cannot open ${path}`, why, details: { errno: "ENOENT" } }),
        )
      },
    },
    prompter: silent,
    readStdin: () => Promise.reject(new Error("standard input was read")),
    passwordSources: [{ kind: "env", name: "PASSWORD" }],
    plainPrivateKeys: false,
    ...change,
  }
}

/** A client that answers every request the same way and remembers what was asked. */
function fakeHttp(status: number, body: Uint8Array): { client: HttpClient; asked: HttpRequest[] } {
  const asked: HttpRequest[] = []
  const client: HttpClient = {
    request: (request) => {
      asked.push(request)
      return Promise.resolve({
        status,
        url: request.url,
        header: () => undefined,
        headerValues: () => [],
        body: (async function* () {
          yield await Promise.resolve(body)
        })(),
        bytes: () => Promise.resolve(body),
        discard: () => Promise.resolve(),
      })
    },
    close: () => Promise.resolve(),
  }
  return { client, asked }
}

const half = parsePublicKey(vector("cosign3.pub"))

describe("signing keys", () => {
  it("opens cosign's format from a file, a variable and standard input, once per reference", async () => {
    const env = { PASSWORD: "insecure", KEY: new TextDecoder().decode(vector("cosign3.key")) }
    const keys = createKeySource(options({ env }))
    for (const reference of ["cosign.key", "env://KEY", "-"]) {
      expect(sameKey((await keys.signingKey(reference)).publicKey, half)).toBe(true)
    }
    expect(keys.signingKey("cosign.key")).toBe(keys.signingKey("cosign.key"))
  })

  it.each([["password.txt"], ["password-crlf.txt"]])("takes the password from a file: %s", async (path) => {
    const keys = createKeySource(options({ passwordSources: [{ kind: "file", path }] }))
    expect(sameKey((await keys.signingKey("cosign.key")).publicKey, half)).toBe(true)
  })

  it("asks the terminal with the prompt given, and takes standard input as it is", async () => {
    const asked: string[] = []
    const password = (message: string) => {
      asked.push(message)
      return Promise.resolve(bytes("insecure"))
    }
    const sources = [
      { kind: "env", name: "ABSENT" },
      { kind: "terminal", prompt: "Enter password for private key: " },
      { kind: "stdin" },
    ] as const
    const asking = createKeySource(
      options({ passwordSources: sources, prompter: { ...silent, interactive: true, password } }),
    )
    await asking.signingKey("cosign.key")
    expect(asked).toEqual(["Enter password for private key: "])
    const piped = (text: string) => options({ passwordSources: sources, readStdin: () => Promise.resolve(bytes(text)) })
    expect(sameKey((await createKeySource(piped("insecure")).signingKey("cosign.key")).publicKey, half)).toBe(true)
    await expect(createKeySource(piped("insecure\n")).signingKey("cosign.key")).rejects.toMatchObject({
      code: "E_KEY_PASSWORD",
    })
  })

  it("a variable that is set to nothing is an empty password", async () => {
    const keys = createKeySource(options({ env: { PASSWORD: "" } }))
    await expect(keys.signingKey("cosign.key")).rejects.toMatchObject({
      code: "E_KEY_PASSWORD",
      details: { cosign: "decrypt: encrypted: decryption failed", key: "cosign.key" },
    })
  })

  it("names the variables when there is no terminal, and asks again after a failure", async () => {
    const env: Record<string, string> = {}
    const keys = createKeySource(
      options({
        env,
        passwordSources: [
          { kind: "env", name: "PASSWORD" },
          { kind: "terminal", prompt: "?" },
        ],
      }),
    )
    await expect(keys.signingKey("cosign.key")).rejects.toMatchObject({
      code: "E_KEY_NO_TERMINAL",
      next: expect.arrayContaining([expect.stringContaining("PASSWORD")]) as string[],
    })
    env["PASSWORD"] = "insecure"
    expect(sameKey((await keys.signingKey("cosign.key")).publicKey, half)).toBe(true)
  })

  it("does not take the password from standard input after the key came from there", async () => {
    const keys = createKeySource(options({ passwordSources: [{ kind: "stdin" }] }))
    await expect(keys.signingKey("-")).rejects.toMatchObject({ code: "E_KEY_NO_TERMINAL" })
  })

  it("takes plain and PKCS#8 keys only where allowed", async () => {
    const own = createKeySource(options({ plainPrivateKeys: true, env: { PASSWORD: "secret" } }))
    for (const reference of ["plain.key", "encrypted.key"]) {
      expect(sameKey((await own.signingKey(reference)).publicKey, publicKeyOf(pair.publicKey))).toBe(true)
    }
    const face = createKeySource(options())
    await expect(face.signingKey("plain.key")).rejects.toMatchObject({
      code: "E_KEY_TYPE",
      details: { cosign: "unsupported pem type: PRIVATE KEY" },
    })
    await expect(face.signingKey("encrypted.key")).rejects.toMatchObject({
      details: { cosign: "unsupported pem type: ENCRYPTED PRIVATE KEY" },
    })
  })

  it.each([
    ["absent.key", "E_KEY_NOT_FOUND", "open absent.key: no such file or directory"],
    ["env://ABSENT", "E_KEY_NOT_FOUND", "loading URL: env var $ABSENT not found"],
    ["env://", "E_KEY_TYPE", "loading URL: unrecognized scheme: env://"],
    ["env://toString", "E_KEY_NOT_FOUND", "loading URL: env var $toString not found"],
    ["awskms:///alias/x", "E_KEY_TYPE", "loading URL: unrecognized scheme: awskms://"],
    ["k8s://ns/name", "E_KEY_TYPE", "loading URL: unrecognized scheme: k8s://"],
    ["pkcs11:token=x", "E_KEY_TYPE", "loading URL: unrecognized scheme: pkcs11:"],
    ["foo://x", "E_KEY_TYPE", "loading URL: unrecognized scheme: foo://"],
    ["cosign.pub", "E_KEY_TYPE", "unsupported pem type: PUBLIC KEY"],
    ["password.txt", "E_KEY_TYPE", "invalid pem block"],
  ])("refuses %s", async (reference, code, cosign) => {
    const keys = createKeySource(options())
    await expect(keys.signingKey(reference)).rejects.toMatchObject({ code, details: { cosign } })
  })

  it("refuses an empty reference and URLs", async () => {
    const { client, asked } = fakeHttp(200, vector("cosign3.key"))
    const keys = createKeySource(options({ http: () => client }))
    await expect(keys.signingKey("")).rejects.toMatchObject({ code: "E_KEY_NOT_FOUND" })
    await expect(keys.signingKey("https://host/cosign.key")).rejects.toMatchObject({ code: "E_KEY_TYPE" })
    expect(asked).toEqual([])
  })

  it("never puts key material or passwords into an error", async () => {
    const env = { PASSWORD: "a very secret word", KEY: pkcs8 }
    const keys = createKeySource(options({ env }))
    for (const reference of ["cosign.key", "env://KEY", "plain.key"]) {
      const error = await keys.signingKey(reference).catch((thrown: unknown) => thrown as ToolError)
      const shown = JSON.stringify([
        (error as ToolError).message,
        (error as ToolError).details,
        (error as ToolError).next,
      ])
      expect(shown).not.toContain("very secret")
      expect(shown).not.toContain(pkcs8.split("\n")[1])
    }
  })
})

describe("public keys", () => {
  it("reads files, variables and URLs", async () => {
    const { client, asked } = fakeHttp(200, vector("cosign3.pub"))
    const keys = createKeySource(options({ http: () => client }))
    for (const reference of ["cosign.pub", "env://PUB", "https://host/cosign.pub"]) {
      expect(sameKey(await keys.publicKey(reference), half)).toBe(true)
    }
    expect(asked.map(({ url, method }) => [url, method])).toEqual([["https://host/cosign.pub", "GET"]])
  })

  it.each(["http://keys.example/cosign.pub", "http://10.0.0.1/cosign.pub", "http://127.0.0.1.evil.example/k"])(
    "%s is refused before anything is sent, and the advice is about keys",
    async (reference) => {
      const { client, asked } = fakeHttp(200, vector("cosign3.pub"))
      const error = createKeySource(options({ http: () => client })).publicKey(reference)
      await expect(error).rejects.toMatchObject({ code: "E_NET_FORBIDDEN_TARGET", kind: "usage" })
      await expect(error).rejects.toThrow(/not fetched over plain http: keys come over https/)
      expect(asked).toEqual([])
    },
  )

  it("http from this machine is read", async () => {
    const { client } = fakeHttp(200, vector("cosign3.pub"))
    const keys = createKeySource(options({ http: () => client }))
    expect((await keys.publicKey("http://127.0.0.1:5000/cosign.pub")).type).toBe("ecdsa-p256")
  })

  it("takes the public half of a private key only if asked", async () => {
    const keys = createKeySource(options())
    await expect(keys.publicKey("cosign.key")).rejects.toMatchObject({ code: "E_KEY_TYPE" })
    expect(sameKey(await keys.publicKey("cosign.key", { privateToo: true }), half)).toBe(true)
    expect(sameKey(await keys.publicKey("cosign.pub", { privateToo: true }), half)).toBe(true)
    await expect(keys.publicKey("plain.key", { privateToo: true })).rejects.toMatchObject({ code: "E_KEY_TYPE" })
  })

  it.each([[404], [500], [301], [204], [206]])("adv: sigstore/cosign #4877: status %i is no key", async (status) => {
    const { client } = fakeHttp(status, vector("cosign3.pub"))
    const keys = createKeySource(options({ http: () => client }))
    await expect(keys.publicKey("https://host/cosign.pub")).rejects.toMatchObject({
      code: "E_KEY_NOT_FOUND",
      details: { status },
    })
  })

  it.each([
    ["broken.pub", "E_KEY_TYPE"],
    ["absent.pub", "E_KEY_NOT_FOUND"],
    ["https://user:pass@host/cosign.pub", "E_KEY_NOT_FOUND"],
    ["https://", "E_KEY_NOT_FOUND"],
    ["https://host/cosign.pub", "E_NET_OFFLINE"],
    ["gitlab://owner/project", "E_KEY_TYPE"],
  ])("refuses %s", async (reference, code) => {
    await expect(createKeySource(options()).publicKey(reference)).rejects.toMatchObject({ code })
  })

  it("an HTML page is no key, and a private key at a URL is not opened", async () => {
    const page = fakeHttp(200, bytes("<html>sign in</html>"))
    await expect(
      createKeySource(options({ http: () => page.client })).publicKey("https://host/k"),
    ).rejects.toMatchObject({
      code: "E_KEY_TYPE",
    })
    const secret = fakeHttp(200, vector("cosign3.key"))
    const keys = createKeySource(options({ http: () => secret.client }))
    await expect(keys.publicKey("https://host/k", { privateToo: true })).rejects.toMatchObject({ code: "E_KEY_TYPE" })
  })
})
