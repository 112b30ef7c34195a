import type { FlagValues, Program } from "../../src/faces/command.ts"

/** A program whose commands remember which flags they looked at. */
export interface RecordedProgram {
  readonly program: Program
  /** Names looked at since the last call. */
  take(): ReadonlySet<string>
}

/** Wrap every command of a program; parsing, help and errors stay what they are. */
export function recordFlags(program: Program): RecordedProgram {
  let seen = new Set<string>()
  const note = (name: string): string => {
    seen.add(name)
    return name
  }
  const recording = (flags: FlagValues): FlagValues => ({
    bool: (name) => flags.bool(note(name)),
    string: (name) => flags.string(note(name)),
    strings: (name) => flags.strings(note(name)),
    int: (name) => flags.int(note(name)),
    duration: (name) => flags.duration(note(name)),
    // Asking whether a flag was given is no use of its value.
    given: (name) => flags.given(name),
  })
  const commands = program.commands.map((command) => ({
    ...command,
    load: async () => {
      const handler = await command.load()
      return (invocation: Parameters<typeof handler>[0]) =>
        handler({ ...invocation, flags: recording(invocation.flags) })
    },
  }))
  return {
    program: { ...program, commands },
    take: () => {
      const names = seen
      seen = new Set()
      return names
    },
  }
}
