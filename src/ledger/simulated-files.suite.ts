import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import type { DiskFile } from './disk.ts'
import type { FileSystem } from './durable-disk.ts'

export const PAGE = 4096
const SECTOR = 512
/** Sectors of a page, as bits. */
export const WHOLE_PAGE = 2 ** (PAGE / SECTOR) - 1

const EMPTY_PAGE = new Uint8Array(PAGE)

/** A file without its name. Pages are never changed, only put in the place of others: so an image of it is cheap. */
interface Inode {
  /** What a reader sees: the page cache. */
  pages: Uint8Array[]
  length: number
  /** What is on the medium. */
  durable: Uint8Array[]
  durableLength: number
  /** Pages and length that the system still means to write. */
  dirty: Set<number>
  dirtyLength: boolean
}

/** A change of a folder that is not yet durable. `from`: the name that goes; `to`: the name that appears. */
interface Change {
  readonly folder: string
  readonly from?: string
  readonly to?: string
  readonly node: Inode | 'folder'
}

/** Something that a power cut keeps or loses by itself. */
export type Unit =
  | { readonly kind: 'page'; readonly page: number }
  | { readonly kind: 'length' }
  | { readonly kind: 'name'; readonly of: string }

/** How much of each unit is found after the cut: 0 nothing, `WHOLE_PAGE` all of it, between: these sectors of a page. */
export type Fates = readonly number[]

/** An operation that changes something, as it is about to happen. */
export interface Operation {
  readonly kind: 'write' | 'sync' | 'create' | 'rename' | 'unlink' | 'make-folder' | 'sync-folder'
  readonly path: string
  /** Bytes of a write that lie behind the end of the file, and so need room. */
  readonly grows: number
}

/** `undefined`: it happens. `full`: ENOSPC after half of it. `lost`: EIO, and a sync marks its pages clean unwritten. */
export type Verdict = 'full' | 'lost' | undefined

/**
 * A file system in memory that keeps POSIX's promises and nothing more. Until a sync returned, each page, each length
 * and each name is by itself on the medium or not, in any order; a page may be torn between sectors. A sync that
 * failed leaves pages that look written and are not (Linux since 4.13).
 */
export class SimulatedFiles implements FileSystem {
  #names = new Map<string, Inode | 'folder'>([['/', 'folder']])
  #durableNames = new Map<string, Inode | 'folder'>([['/', 'folder']])
  #changes: Change[] = []
  /** Called before each operation that changes something; what it throws is thrown instead of it. */
  before: (operation: Operation) => Verdict = () => undefined
  /** Lets others run, as a real disk does. */
  turn: () => Promise<void> = () => Promise.resolve()

  /** A copy of everything, the cache included: what a process finds that was started after another was killed. */
  image(): SimulatedFiles {
    const copies = new Map<Inode, Inode>()
    const copy = (node: Inode | 'folder'): Inode | 'folder' => {
      if (node === 'folder') return node
      const known = copies.get(node)
      if (known !== undefined) return known
      const made = {
        ...node,
        pages: [...node.pages],
        durable: [...node.durable],
        dirty: new Set(node.dirty),
      }
      copies.set(node, made)
      return made
    }
    const next = new SimulatedFiles()
    next.#names = new Map([...this.#names].map(([path, node]) => [path, copy(node)]))
    next.#durableNames = new Map([...this.#durableNames].map(([path, node]) => [path, copy(node)]))
    next.#changes = this.#changes.map(change => ({ ...change, node: copy(change.node) }))
    return next
  }

  /** What is not yet durable, in a fixed order. */
  units(): readonly Unit[] {
    return this.#undecided().map(({ unit }) => unit)
  }

  /** What is found when the power comes back, `fates` in the order of `units`. Nothing of it is undecided any more. */
  afterCut(fates: Fates): SimulatedFiles {
    const found = this.image()
    const kept: Change[] = []
    for (const [i, { node, unit, change }] of found.#undecided().entries()) {
      const fate = fates[i] ?? 0
      if (unit.kind === 'page') node.durable[unit.page] = torn(node, unit.page, fate)
      else if (fate === 0) continue
      else if (unit.kind === 'length') node.durableLength = node.length
      else if (change !== undefined) kept.push(change)
    }
    for (const change of kept) apply(found.#durableNames, change)
    found.#names = new Map()
    for (const [path, node] of [...found.#durableNames].sort(([a], [b]) => (a < b ? -1 : 1))) {
      // A name lasts only where its folder does.
      if (path !== '/' && !found.#names.has(posix.dirname(path))) continue
      if (node !== 'folder') settle(node)
      found.#names.set(path, node)
    }
    found.#durableNames = new Map(found.#names)
    found.#changes = []
    return found
  }

  /** SHA-256 over names and contents as a reader sees them: media that are alike need judging once. */
  digest(): string {
    const hash = createHash('sha256')
    for (const [path, node] of [...this.#names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${path}\n${node === 'folder' ? 'folder' : node.length}\n`)
      if (node === 'folder') continue
      for (let page = 0; page * PAGE < node.length; page += 1) hash.update(pageHash(node.pages[page]))
    }
    return hash.digest('hex')
  }

  /** The cache is gone, as under memory pressure: what an fsync lost is seen to be lost. Dirty pages stay. */
  dropCleanPages(): void {
    for (const node of this.#inodes()) {
      for (const page of node.pages.keys())
        if (!node.dirty.has(page)) node.pages[page] = node.durable[page] ?? new Uint8Array(PAGE)
    }
  }

  async open(path: string): Promise<DiskFile | undefined> {
    await this.turn()
    const node = this.#names.get(path)
    if (node === 'folder') throw failed('EISDIR', path)
    return node && this.#handle(path, node)
  }

  async create(path: string): Promise<DiskFile> {
    await this.#step({ kind: 'create', path, grows: 1 })
    const there = this.#names.get(path)
    if (there === 'folder') throw failed('EISDIR', path)
    if (there !== undefined) {
      there.pages = []
      there.length = 0
      there.dirtyLength = true
      return this.#handle(path, there)
    }
    const node: Inode = {
      pages: [],
      length: 0,
      durable: [],
      durableLength: 0,
      dirty: new Set(),
      dirtyLength: false,
    }
    this.#change({ folder: this.#folderOf(path), to: path, node })
    return this.#handle(path, node)
  }

  async read(path: string): Promise<Buffer | undefined> {
    await this.turn()
    const node = this.#names.get(path)
    if (node === 'folder') throw failed('EISDIR', path)
    return node && bytesOf(node, 0, node.length)
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.turn()
    return [...this.#names]
      .filter(([path]) => path !== '/' && posix.dirname(path) === folder)
      .map(([path, node]) => (node === 'folder' ? `${posix.basename(path)}/` : posix.basename(path)))
      .sort()
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step({ kind: 'rename', path: to, grows: 0 })
    const node = this.#names.get(from)
    if (node === undefined) throw failed('ENOENT', from)
    this.#change({ folder: this.#folderOf(to), from, to, node })
  }

  async unlink(path: string): Promise<boolean> {
    const node = this.#names.get(path)
    if (node === undefined) return false
    await this.#step({ kind: 'unlink', path, grows: 0 })
    this.#change({ folder: this.#folderOf(path), from: path, node })
    return true
  }

  async makeFolder(path: string): Promise<string | undefined> {
    if (this.#names.has(path)) return undefined
    const above = await this.makeFolder(posix.dirname(path))
    await this.#step({ kind: 'make-folder', path, grows: 1 })
    if (!this.#names.has(path)) this.#change({ folder: this.#folderOf(path), to: path, node: 'folder' })
    return above ?? path
  }

  async syncFolder(path: string): Promise<void> {
    const verdict = await this.#step({ kind: 'sync-folder', path, grows: 0 })
    // Names are in a journal: when it fails they stay unwritten, they are not taken for written as pages are.
    if (verdict === 'lost') throw failed('EIO', path)
    const mine = this.#changes.filter(change => change.folder === path)
    this.#changes = this.#changes.filter(change => change.folder !== path)
    for (const change of mine) apply(this.#durableNames, change)
  }

  /** Everything there is, dirty or not, for one who has to look at all of it. */
  *#inodes(): Generator<Inode> {
    const nodes = [...this.#names.values(), ...this.#changes.map(({ node }) => node)]
    for (const node of new Set([...nodes, ...this.#durableNames.values()])) if (node !== 'folder') yield node
  }

  /** The units with what they belong to. Names first: the others mean nothing without theirs. */
  #undecided(): { readonly unit: Unit; readonly node: Inode; readonly change?: Change }[] {
    const found: { unit: Unit; node: Inode; change?: Change }[] = []
    for (const change of this.#changes) {
      const unit: Unit = { kind: 'name', of: change.to ?? change.from ?? '' }
      found.push({ unit, node: change.node === 'folder' ? NOBODY : change.node, change })
    }
    for (const node of this.#inodes()) {
      if (node.dirtyLength) found.push({ unit: { kind: 'length' }, node })
      for (const page of [...node.dirty].sort((a, b) => a - b))
        found.push({ unit: { kind: 'page', page }, node })
    }
    return found
  }

  #change(change: Change): void {
    this.#changes.push(change)
    apply(this.#names, change)
  }

  #folderOf(path: string): string {
    const folder = posix.dirname(path)
    if (this.#names.get(folder) !== 'folder') throw failed('ENOENT', folder)
    return folder
  }

  async #step(operation: Operation): Promise<Verdict> {
    await this.turn()
    const verdict = this.before(operation)
    if (verdict === 'full' && operation.kind !== 'write') throw failed('ENOSPC', operation.path)
    if (verdict === 'lost' && !operation.kind.startsWith('sync')) throw failed('EIO', operation.path)
    return verdict
  }

  #handle(path: string, node: Inode): DiskFile {
    return {
      size: async () => {
        await this.turn()
        return node.length
      },
      read: async (offset, length) => {
        await this.turn()
        return bytesOf(node, offset, Math.max(0, Math.min(length, node.length - offset)))
      },
      write: async (offset, bytes) => {
        const grows = Math.max(0, offset + bytes.length - node.length)
        const verdict = await this.#step({ kind: 'write', path, grows })
        const part = verdict === 'full' ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes
        put(node, offset, part)
        if (verdict === 'full') throw failed('ENOSPC', path)
      },
      sync: async () => {
        const verdict = await this.#step({ kind: 'sync', path, grows: 0 })
        if (verdict !== 'lost') {
          for (const page of node.dirty) node.durable[page] = node.pages[page] ?? new Uint8Array(PAGE)
          node.durableLength = node.length
        }
        node.dirty.clear()
        node.dirtyLength = false
        if (verdict === 'lost') throw failed('EIO', path)
      },
      close: () => Promise.resolve(),
    }
  }
}

/** The inode of a change that is about a folder: nothing of it can be dirty. */
const NOBODY: Inode = {
  pages: [],
  length: 0,
  durable: [],
  durableLength: 0,
  dirty: new Set(),
  dirtyLength: false,
}

function apply(names: Map<string, Inode | 'folder'>, { from, to, node }: Change): void {
  if (from !== undefined && names.get(from) === node) names.delete(from)
  if (to !== undefined) names.set(to, node)
}

function put(node: Inode, offset: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    const page = Math.floor((offset + done) / PAGE)
    const at = (offset + done) % PAGE
    const part = bytes.subarray(done, done + PAGE - at)
    const next = Uint8Array.from(node.pages[page] ?? EMPTY_PAGE)
    next.set(part, at)
    node.pages[page] = next
    node.dirty.add(page)
    done += part.length
  }
  if (offset + bytes.length > node.length) {
    node.length = offset + bytes.length
    node.dirtyLength = true
  }
}

function bytesOf(node: Inode, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let done = 0; done < length; ) {
    const at = (offset + done) % PAGE
    const page = node.pages[Math.floor((offset + done) / PAGE)]
    const part = page?.subarray(at, Math.min(PAGE, at + length - done))
    if (part !== undefined) bytes.set(part, done)
    done += part?.length ?? Math.min(PAGE - at, length - done)
  }
  return bytes
}

const hashes = new WeakMap<Uint8Array, Buffer>()

/** Pages do not change, so each is hashed once. */
function pageHash(page: Uint8Array = EMPTY_PAGE): Buffer {
  const known = hashes.get(page)
  if (known !== undefined) return known
  const made = createHash('sha256').update(page).digest()
  hashes.set(page, made)
  return made
}

function torn(node: Inode, page: number, fate: number): Uint8Array {
  const [before, after] = [node.durable[page], node.pages[page]]
  if (fate === 0 && before !== undefined) return before
  if (fate === WHOLE_PAGE && after !== undefined) return after
  const found = Uint8Array.from(before ?? EMPTY_PAGE)
  for (let sector = 0; sector < PAGE / SECTOR; sector += 1) {
    if ((fate & (1 << sector)) === 0 || after === undefined) continue
    found.set(after.subarray(sector * SECTOR, (sector + 1) * SECTOR), sector * SECTOR)
  }
  return found
}

/** The cache is what is on the medium; bytes behind the end are gone. */
function settle(node: Inode): void {
  const pages = Math.ceil(node.durableLength / PAGE)
  node.durable = Array.from({ length: pages }, (_, page) => node.durable[page] ?? new Uint8Array(PAGE))
  const rest = node.durableLength % PAGE
  const last = node.durable[pages - 1]
  if (rest > 0 && last !== undefined) {
    const cut = new Uint8Array(PAGE)
    cut.set(last.subarray(0, rest))
    node.durable[pages - 1] = cut
  }
  node.pages = [...node.durable]
  node.length = node.durableLength
  node.dirty = new Set()
  node.dirtyLength = false
}

function failed(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
