import { readFileSync } from 'node:fs'
import type { Clock } from '../kernel/clock.ts'

/** Reads both clocks of this machine. On Linux `mono` is comparable between processes of one boot. */
export function systemClock(): Clock {
  const boot = bootId()
  // Both read CLOCK_MONOTONIC; this one counts from the start of the process and costs a tenth.
  const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now()
  return {
    now: () => ({
      wall: Date.now(),
      mono: Math.round((offset + performance.now()) * 1000) / 1000,
      boot,
    }),
  }
}

/** Linux names each boot; elsewhere a process counts as its own boot, so that after a restart only the wall clock counts. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return `process-${process.pid}-${Date.now()}`
  }
}
