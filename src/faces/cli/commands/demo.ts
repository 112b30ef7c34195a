import { EXIT } from "../../../core/error-catalogue.ts"
import { ToolError } from "../../../core/errors.ts"
import { digestHex } from "../../../core/digest.ts"
import type { AppContext } from "../../../app/requests.ts"
import type { RunningSandbox } from "../../../app/sandbox-host.ts"
import type { World } from "../../../app/world.ts"
import { runProgram } from "../../command-line/run-program.ts"
import type { CommandHandler, Program } from "../../command.ts"
import { documentOf } from "../documents.ts"
import { recordingWorld, type Recording } from "../demo/recording.ts"
import {
  CERTIFICATE_FILE,
  demoSteps,
  PASSWORD_FILE,
  SANDBOX_FILES,
  SANDBOX_FOLDER,
  TOKEN_FILE,
  type DemoNames,
  type DemoStep,
} from "../demo/script.ts"
import { refuseConnectionFlags } from "../refuse-connection.ts"
import { command, type Session } from "../session.ts"
import { parseTarget } from "../../../app/parse-target.ts"

/** Files of the tour that no command makes. */
const FILES: Readonly<Record<string, string>> = {
  [PASSWORD_FILE]: "the keys live as long as the tour",
  "app.txt": "the release, as built\n",
  "changed.txt": "the release, as somebody changed it\n",
  "facts.json": '{"reviewed":true,"by":"the release team"}\n',
}

/** Keys of the tour: one that is trusted and one that is not. */
const KEYS: readonly string[] = ["release", "stranger"]

/** One step after it ran. */
interface StepOutcome {
  readonly step: DemoStep
  readonly exit: number
  readonly expected: boolean
}

/** What the steps share. */
interface Tour {
  readonly program: Program
  readonly session: Session
  readonly recording: Recording
  readonly app: AppContext
  readonly folder: string
  readonly names: DemoNames
  readonly sandbox: RunningSandbox
}

/** Exit code of a process that was asked to stop, as shells write it for SIGINT. */
const STOPPED = 130

/**
 * `demo` of a program: runs its own commands, in this process, against its own registry and its own Sigstore on free
 * loopback ports.
 *
 * Exit code 0 only if every step had the outcome it must have. Asked to stop, it ends after the step under way.
 */
export function demoOf(program: Program): CommandHandler {
  return command(async (session) => {
    const { flags, world } = session
    refuseConnectionFlags(flags, ["timeout"])
    const folder = await world.temporaryFolder()
    try {
      const server = await world.serveRegistry(OWN)
      try {
        const sandbox = await world.sandbox.serve({ ...OWN, data: `${folder.path}/${SANDBOX_FOLDER}` })
        try {
          return await answer(session, await run(await prepare(program, session, folder.path, server.address, sandbox)))
        } finally {
          await sandbox.close()
        }
      } finally {
        await server.close()
      }
    } finally {
      await folder.remove()
    }
  })
}

/** How the servers of the tour are served. */
const OWN = { listen: "127.0.0.1:0", durability: "fast", logLevel: "quiet" } as const

async function answer(
  session: Session,
  { outcomes, stopped }: { outcomes: readonly StepOutcome[]; stopped: boolean },
): Promise<number> {
  const { output } = session
  const expected = !stopped && outcomes.every((outcome) => outcome.expected)
  const steps = outcomes.map(({ step, exit, expected: good }) => ({ about: step.about, exit, expected: good }))
  await output.answer(documentOf("Demo", { expected, stopped, steps }), () => ending(outcomes, stopped))
  if (expected) return 0
  if (stopped) return STOPPED
  await output.error(
    new ToolError("E_INTERNAL", {
      what: "a step of the tour did not end as it must",
      why: "the step is marked above with what was expected",
    }),
  )
  return EXIT.bug
}

async function prepare(
  program: Program,
  session: Session,
  folder: string,
  registry: string,
  sandbox: RunningSandbox,
): Promise<Tour> {
  const recording = recordingWorld(session.world)
  const app = await recording.world.open({ plainHttp: "loopback", logLevel: "quiet", offlineExcept: [registry] })
  for (const [name, text] of Object.entries(FILES)) {
    await app.files.write(`${folder}/${name}`, new TextEncoder().encode(text))
  }
  const names: DemoNames = {
    app: `${registry}/demo/app:1.0`,
    other: `${registry}/demo/app:changed`,
    keyless: `${registry}/demo/facts:1.0`,
    issuer: sandbox.facts.services.oidc,
  }
  await print(
    session,
    `# a registry of its own, on http://${registry}, a private Sigstore, on ${sandbox.facts.url}, and a folder; all are gone at the end\n`,
  )
  await print(session, `$ cd ${folder}\n`)
  return { program, session, recording, app, folder, names, sandbox }
}

async function run(tour: Tour): Promise<{ outcomes: readonly StepOutcome[]; stopped: boolean }> {
  const { output, world } = tour.session
  const stop = { asked: false }
  void world.stopRequested().then(() => {
    stop.asked = true
  })
  const outcomes: StepOutcome[] = []
  for (const step of [...KEYS.map(generateStep), ...demoSteps(tour.names)]) {
    if (stop.asked) return { outcomes, stopped: true }
    await print(tour.session, `\n${output.style.faint(`# ${step.about}`)}\n`)
    const outcome = await runStep(tour, step)
    outcomes.push(outcome)
    // What follows builds on what came before.
    if (!outcome.expected) break
  }
  return { outcomes, stopped: false }
}

function generateStep(name: string): DemoStep {
  const about = name === "release" ? "make a key pair" : "make another one, which nobody trusts"
  const argv = ["keys", "generate", "--name", name, "--password-file", PASSWORD_FILE]
  return { about, argv, exit: 0, contains: [`${name}.key`, `${name}.pub`] }
}

async function runStep(tour: Tour, step: DemoStep): Promise<StepOutcome> {
  const { program, session, recording, app, folder } = tour
  if (step.argv === undefined) {
    await act(tour, step.act)
    return { step, exit: 0, expected: true }
  }
  const line = [program.name, ...step.argv, ...(step.to === undefined ? [] : [">", step.to])].map(shellWord).join(" ")
  await print(session, `$ ${session.output.style.command(line)}\n`)
  const exit = await runProgram(program, withFolder(step.argv, folder), recording.world, "own")
  const { all, stdout } = recording.take()
  if (step.to !== undefined && exit === 0) {
    await app.files.write(`${folder}/${step.to}`, new TextEncoder().encode(stdout), { mode: 0o600 })
  }
  const text = (step.to === undefined ? all : all.replace(stdout, "")).replaceAll(`${folder}/`, "")
  await print(session, text)
  const missing = step.contains.filter((part) => !text.includes(part))
  const expected = exit === step.exit && missing.length === 0
  if (!expected) {
    const wanted = [`exit code ${step.exit}`, ...missing.map((part) => JSON.stringify(part))].join(", ")
    await print(session, `unexpected: exit code ${exit}; expected ${wanted}\n`)
  } else if (exit !== 0) {
    await print(session, `(exit code ${exit}, as it must be)\n`)
  }
  return { step, exit, expected }
}

/** What no command does. */
async function act({ session, app, names, sandbox }: Tour, what: DemoStep["act"]): Promise<void> {
  if (what === "stop-sandbox") {
    await sandbox.close()
    await print(session, "(issuer, certificate authority and logs are stopped; only the registry is left)\n")
    return
  }
  await copySignatureTag(app, names)
  await print(session, "(the signature tag of demo/app:1.0 is copied to the digest of demo/app:changed)\n")
}

/** As a person would type it. */
function shellWord(word: string): string {
  return word.includes(" ") ? `"${word}"` : word
}

/** The tour prints names relative to its folder; the commands get the whole path, whatever the working directory. */
function withFolder(argv: readonly string[], folder: string): readonly string[] {
  const sandbox = [SANDBOX_FOLDER, ...SANDBOX_FILES, TOKEN_FILE]
  const made = [CERTIFICATE_FILE, ...sandbox, ...KEYS, ...KEYS.flatMap((name) => [`${name}.key`, `${name}.pub`])]
  const files = new Set([...Object.keys(FILES), ...made])
  return argv.map((word) =>
    files.has(word.replace(/:text\/plain$/, "")) ? `${folder}/${word}` : word.replace(/^ca:\.\//, `ca:${folder}/`),
  )
}

/** What an attacker with write access can do: put the signatures of one artifact where those of another are looked for. */
async function copySignatureTag(app: AppContext, names: DemoNames): Promise<void> {
  const content = app.stores.content(parseTarget(names.app))
  const [from, to] = await Promise.all([content.resolve("1.0"), content.resolve("changed")])
  const signatures = await content.fetchManifest(`sha256-${digestHex(from.digest)}.sig`)
  await content.pushManifest(signatures.bytes, signatures.descriptor.mediaType, `sha256-${digestHex(to.digest)}.sig`)
}

/** The tour is the answer in text; for json and yaml it goes to stderr as it happens. */
async function print({ output, world }: Session, text: string): Promise<void> {
  if (output.quiet) return
  await streamOf(output.form, world).write(text)
}

function streamOf(form: string, world: World): World["stdout"] {
  return form === "text" ? world.stdout : world.stderr
}

function ending(outcomes: readonly StepOutcome[], stopped: boolean): string {
  const good = outcomes.filter((outcome) => outcome.expected).length
  return `\ndemo: ${good} of ${outcomes.length} steps ended as they must${stopped ? "; stopped before the others" : ""}\n`
}
