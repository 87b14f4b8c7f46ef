import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { workerFile } from '../../kernel/worker-file.ts'
import { lockDirectory } from './directory-lock.ts'

const built = workerFile(import.meta.url, './directory-lock.ts')
const HOLD = `import { lockDirectory } from ${JSON.stringify(built.href)}
await lockDirectory(process.argv[1])
console.log('held')
setInterval(() => undefined, 1000)`

let folder: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-lock-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true })
})

async function holdElsewhere(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLD, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child
}

describe('lockDirectory', () => {
  it('lets one owner at a time have a folder, by any path to it', async () => {
    const lock = await lockDirectory(folder)
    await expect(lockDirectory(folder)).rejects.toMatchObject({
      code: 'ledger.in_use',
      facts: { pid: process.pid },
    })
    await expect(lockDirectory(join(folder, '..', folder.split('/').at(-1) ?? ''))).rejects.toMatchObject({
      code: 'ledger.in_use',
    })
    await lock.release()
    await (await lockDirectory(folder)).release()
  })

  it('is taken by one of many that try at once', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(folder)))
    const won = tries.filter(one => one.status === 'fulfilled')
    expect(won).toHaveLength(1)
    await won[0]?.value.release()
  })

  it.skipIf(!existsSync(built))('excludes another process, and is free at once after kill -9', async () => {
    const child = await holdElsewhere()
    await expect(lockDirectory(folder)).rejects.toMatchObject({
      code: 'ledger.in_use',
      facts: { pid: child.pid },
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockDirectory(folder)).release()
  })

  it('believes an owner in another network namespace while its heart beats, and only then', async () => {
    const owner = {
      pid: 4_194_305,
      start: '1',
      boot: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
      net: 'net:[1]',
    }
    const file = join(folder, 'lock')
    await writeFile(file, JSON.stringify(owner))
    await expect(lockDirectory(folder)).rejects.toMatchObject({ code: 'ledger.in_use' })
    const long = new Date(Date.now() - 60_000)
    await utimes(file, long, long)
    await (await lockDirectory(folder)).release()
  })

  it('is not kept from a folder by an owner file that says nothing', async () => {
    await writeFile(join(folder, 'lock'), 'rubbish')
    await (await lockDirectory(folder)).release()
  })
})
