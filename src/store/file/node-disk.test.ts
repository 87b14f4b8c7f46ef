import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeDisk } from './node-disk.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bg-disk-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('nodeDisk', () => {
  it('writes, reads and lists below its folder, privately', async () => {
    const disk = nodeDisk(join(folder, 'deep', 'er'))
    expect(await disk.list('')).toEqual([])
    expect(await disk.read('a/b/c')).toBeUndefined()
    await disk.replace('a/b/c', Buffer.from('one'))
    await disk.replace('a/b/c', Buffer.from('two'))
    await disk.replace('a/d', Buffer.from('three'))
    expect((await disk.read('a/b/c'))?.toString()).toBe('two')
    expect(await disk.list('')).toEqual(['a/'])
    expect(await disk.list('a')).toEqual(['b/', 'd'])
    expect((await stat(join(folder, 'deep', 'er', 'a', 'd'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'deep', 'er', 'a'))).mode & 0o777).toBe(0o700)
    await disk.remove('a/d')
    await disk.remove('a/d')
    expect(await disk.list('a')).toEqual(['b/'])
  })

  it('opens files for reading and writing anywhere in them', async () => {
    const file = await nodeDisk(folder).open('x/y')
    await file.write(10, Buffer.from('end'))
    await file.write(0, Buffer.from('start'))
    await file.sync()
    expect(await file.size()).toBe(13)
    expect((await file.read(0, 5)).toString()).toBe('start')
    expect(await file.read(11, 100)).toHaveLength(2)
    await file.close()
    const again = await nodeDisk(folder).open('x/y')
    expect(await again.size()).toBe(13)
    await again.close()
  })

  it.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/.', 'a\0b', 'a/'])(
    'attack 13: the path %j is not inside',
    async path => {
      const disk = nodeDisk(folder)
      await expect(disk.open(path)).rejects.toThrow(TypeError)
      await expect(disk.read(path)).rejects.toThrow(TypeError)
      await expect(disk.replace(path, Buffer.alloc(1))).rejects.toThrow(TypeError)
      await expect(disk.remove(path)).rejects.toThrow(TypeError)
    },
  )

  it('leaves nothing behind when a replacement fails, and passes the code on', async () => {
    await writeFile(join(folder, 'file'), 'x')
    const disk = nodeDisk(folder)
    await expect(disk.replace('file/below', Buffer.alloc(1))).rejects.toMatchObject({ code: 'EEXIST' })
    await nodeDisk(join(folder, 'sub', 'target')).replace('x', Buffer.alloc(1))
    await expect(disk.replace('sub/target', Buffer.alloc(1))).rejects.toMatchObject({ code: 'EISDIR' })
    expect(await readdir(join(folder, 'sub'))).toEqual(['target'])
  })

  it('replaces although a process of the same id was killed while it did', async () => {
    for (let n = 0; n < 500; n += 1) await writeFile(join(folder, `x.${process.pid}-${n}.tmp`), 'left')
    const disk = nodeDisk(folder)
    await disk.replace('x', Buffer.from('whole'))
    expect((await disk.read('x'))?.toString()).toBe('whole')
  })

  it('replaces a link instead of writing through it', async () => {
    const outside = join(folder, 'outside')
    await writeFile(outside, 'untouched')
    const disk = nodeDisk(join(folder, 'inside'))
    await disk.replace('x', Buffer.from('x'))
    await symlink(outside, join(folder, 'inside', 'link'))
    await disk.replace('link', Buffer.from('new'))
    expect((await nodeDisk(folder).read('outside'))?.toString()).toBe('untouched')
    expect((await disk.read('link'))?.toString()).toBe('new')
  })
})
