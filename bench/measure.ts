/** Whole-process timing: runs two commands in turn and compares medians, so that a drifting machine hurts both alike. */
import { run } from "../tests/interop/peers.ts"

export interface Command {
  readonly name: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Comparison {
  readonly ours: number
  readonly theirs: number
  /** theirs / ours: above 1 means ours is faster. */
  readonly ratio: number
}

/** Milliseconds of one run; a run that fails is no measurement. */
export async function timeOnce(command: Command, cwd: string): Promise<number> {
  const [program = "", ...args] = command.argv
  const start = process.hrtime.bigint()
  const finished = await run(program, args, { cwd, ...(command.env === undefined ? {} : { env: command.env }) })
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  if (finished.code !== 0) throw new Error(`${command.name} failed (${finished.code}): ${finished.stderr.slice(-2000)}`)
  return ms
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Run both `rounds` times in turn after one warm-up each; medians in milliseconds. */
export async function compare(ours: Command, theirs: Command, cwd: string, rounds: number): Promise<Comparison> {
  await timeOnce(ours, cwd)
  await timeOnce(theirs, cwd)
  const times: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    times[0].push(await timeOnce(ours, cwd))
    times[1].push(await timeOnce(theirs, cwd))
  }
  const [a, b] = [median(times[0]), median(times[1])]
  return { ours: a, theirs: b, ratio: b / a }
}

/** What is left of a comparison when the time of doing nothing is taken off both sides. */
export function difference(whole: Comparison, idle: Comparison): Comparison {
  const [ours, theirs] = [whole.ours - idle.ours, whole.theirs - idle.theirs]
  return { ours, theirs, ratio: theirs / ours }
}

/** Median milliseconds of the later half of the rounds that a command reports, when it is warm. */
export async function rounds(command: Command, cwd: string): Promise<number> {
  const [program = "", ...args] = command.argv
  const finished = await run(program, args, { cwd })
  if (finished.code !== 0) throw new Error(`${command.name} failed (${finished.code}): ${finished.stderr.slice(-2000)}`)
  const times = JSON.parse(finished.stdout) as number[]
  return median(times.slice(Math.floor(times.length / 2)))
}
