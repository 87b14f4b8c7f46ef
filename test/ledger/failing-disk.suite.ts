import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const BYTES = 16 * 1024 * 1024

/** A real ext4 in a file of its own, as servers are told to mount theirs: at its first error it becomes read-only. */
export interface FailingDisk {
  readonly folder: string
  /** The kernel finds an error in it: from now on everything is refused with EROFS, also to those who have files open. */
  fail(): void
  /** Unmounts it, has it checked as after such an error, and mounts it again. */
  mend(): void
  remove(): Promise<void>
}

/** Undefined where this process may not mount one. */
export async function failingDisk(): Promise<FailingDisk | undefined> {
  const above = await mkdtemp(join(tmpdir(), 'bg-failing-'))
  const [image, folder] = [join(above, 'image'), join(above, 'disk')]
  await mkdir(folder)
  closeSync(openSync(image, 'w'))
  truncateSync(image, BYTES)
  const mount = (): boolean => ran('mount', '-o', 'loop,errors=remount-ro', image, folder)
  const before = volumes()
  if (!ran('mkfs.ext4', '-q', image) || !mount()) {
    await rm(above, { recursive: true })
    return undefined
  }
  const own = volumes().find(name => !before.includes(name))
  if (own === undefined) {
    ran('umount', folder)
    await rm(above, { recursive: true })
    return undefined
  }
  return {
    folder,
    fail: () => writeFileSync(`/sys/fs/ext4/${own}/trigger_fs_error`, 'for a test'),
    mend() {
      if (!ran('umount', folder)) throw new Error('the disk is in use')
      // It answers 1 when it has corrected something.
      ran('e2fsck', '-f', '-y', image)
      if (!mount()) throw new Error('the disk cannot be mounted again')
    },
    async remove() {
      ran('umount', '-l', folder)
      await rm(above, { recursive: true })
    },
  }
}

function volumes(): readonly string[] {
  try {
    return readdirSync('/sys/fs/ext4').filter(name => name !== 'features')
  } catch {
    return []
  }
}

function ran(program: string, ...words: readonly string[]): boolean {
  return spawnSync(program, words, { stdio: 'ignore' }).status === 0
}
