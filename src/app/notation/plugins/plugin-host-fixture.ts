/** A plugin host for tests that answers from a table. */
import type { JsonObject } from "../../../core/json-value.ts"
import type { PluginCommand, PluginHost, PluginMetadata } from "../../../core/notation-home.ts"

/** Metadata of a plugin with the capabilities given. */
export function metadataOf(name: string, capabilities: readonly string[], version = "1.0.0"): PluginMetadata {
  const supportedContractVersions = ["1.0"]
  return { name, description: "test", version, url: "https://example.com", supportedContractVersions, capabilities }
}

/** What is answered; an error is thrown. */
export interface FakeAnswers {
  readonly metadata?: PluginMetadata | Error
  readonly answers?: Readonly<
    Partial<Record<PluginCommand, JsonObject | Error | ((request: JsonObject) => JsonObject)>>
  >
}

/** A host that remembers what it was asked. */
export function fakeHost({ metadata, answers = {} }: FakeAnswers): PluginHost & {
  readonly asked: { readonly command: PluginCommand; readonly request: JsonObject }[]
} {
  const asked: { readonly command: PluginCommand; readonly request: JsonObject }[] = []
  const absent = (): Promise<never> => Promise.reject(new Error("not in this test"))
  return {
    asked,
    list: absent,
    install: absent,
    installFromUrl: absent,
    uninstall: absent,
    metadata: () =>
      metadata === undefined || metadata instanceof Error
        ? Promise.reject(metadata ?? new Error("no metadata"))
        : Promise.resolve(metadata),
    run: async (_name, command, request) => {
      asked.push({ command, request })
      const answer = await Promise.resolve(answers[command])
      if (answer === undefined || answer instanceof Error) throw answer ?? new Error(`${command} was asked`)
      return typeof answer === "function" ? answer(request) : answer
    },
  }
}
