import type { Effect } from './file-rules.ts'
import { OPEN_FLAGS, SFTP } from './packet-types.ts'
import { exact, type SftpReader } from './sftp-reader.ts'

export type Detail = Readonly<Record<string, string | number | boolean>>

/** What a request says beyond its id. */
export interface RequestFields {
  /** As they were sent, views of the request; how they are meant stands in the shape. */
  readonly paths?: readonly Buffer[]
  /** Handles it uses. */
  readonly handles?: readonly string[]
  readonly detail?: Detail
  /** Where they depend on the fields. */
  readonly effects?: readonly Effect[]
  /** Of an OPEN. */
  readonly opens?: { readonly reads: boolean; readonly writes: boolean; readonly appends: boolean }
  /** Bits or names that are not known: the request is refused. */
  readonly unknown?: string
}

/** One request of SFTP version 3 or an extension of it: how it is read and what it is. */
export interface RequestShape {
  /** Leaf verb of the action. */
  readonly verb: string
  /** Kind of the action; undefined: it goes with the open file or folder, or asks for nothing that names anybody or anything. */
  readonly kind?: string
  readonly effects: readonly Effect[]
  /** Continues "breakglass refused". */
  readonly what: string
  /** What answers it beside STATUS. */
  readonly answer?: number
  readonly fields: (reader: SftpReader) => RequestFields
}

const onePath = (reader: SftpReader): RequestFields => ({ paths: [reader.string()] })
const twoPaths = (reader: SftpReader): RequestFields => ({ paths: [reader.string(), reader.string()] })
const oneHandle = (reader: SftpReader): RequestFields => ({ handles: [reader.handle()] })
const pathAndAttributes = (reader: SftpReader): RequestFields => ({
  paths: [reader.string()],
  detail: reader.attributes(),
})

const look = (verb: string, answer: number, fields: RequestShape['fields'] = onePath): RequestShape => ({
  verb,
  kind: 'sftp_stat',
  effects: ['look'],
  what: 'looking at a file',
  answer,
  fields,
})

const rename = (verb: string): RequestShape => ({
  verb,
  kind: 'sftp_rename',
  effects: ['remove'],
  what: 'renaming a file',
  fields: twoPaths,
})

const setstat = (verb: string, fields: RequestShape['fields']): RequestShape => ({
  verb,
  kind: 'sftp_setstat',
  effects: ['attributes'],
  what: 'changing attributes of a file',
  fields,
})

const changes = (verb: string, effect: Effect, what: string, fields = onePath): RequestShape => ({
  verb,
  kind: `sftp_${verb}`,
  effects: [effect],
  what,
  fields,
})

/** Requests by packet type (draft-ietf-secsh-filexfer-02 §6). CLOSE, READ and WRITE, which live of what was opened, are read elsewhere. */
export const REQUESTS: ReadonlyMap<number, RequestShape> = new Map<number, RequestShape>([
  [
    SFTP.open,
    {
      verb: 'open',
      kind: 'sftp_open',
      effects: [],
      what: 'opening a file',
      answer: SFTP.handle,
      fields: open,
    },
  ],
  [
    SFTP.opendir,
    {
      verb: 'opendir',
      kind: 'sftp_list',
      effects: ['look'],
      what: 'listing a folder',
      answer: SFTP.handle,
      fields: onePath,
    },
  ],
  [SFTP.stat, look('stat', SFTP.attrs)],
  [SFTP.lstat, look('lstat', SFTP.attrs)],
  [SFTP.readlink, look('readlink', SFTP.name)],
  [SFTP.realpath, look('realpath', SFTP.name)],
  [SFTP.setstat, setstat('setstat', pathAndAttributes)],
  [
    SFTP.fsetstat,
    setstat('fsetstat', reader => ({ handles: [reader.handle()], detail: reader.attributes() })),
  ],
  [SFTP.remove, changes('remove', 'remove', 'removing a file')],
  [SFTP.rmdir, changes('rmdir', 'remove', 'removing a folder')],
  [SFTP.mkdir, changes('mkdir', 'write', 'making a folder', pathAndAttributes)],
  // OpenSSH sends what is pointed at first and the new link second, against the draft; others follow it.
  [SFTP.symlink, changes('symlink', 'write', 'making a symbolic link', twoPaths)],
  [SFTP.rename, rename('rename')],
  [SFTP.fstat, withHandle('fstat', SFTP.attrs)],
  [SFTP.readdir, withHandle('readdir', SFTP.name)],
])

/** Extensions by name, as OpenSSH's PROTOCOL §4 and draft-ietf-secsh-filexfer-extensions-00 define them. */
export const EXTENSIONS: ReadonlyMap<string, RequestShape> = new Map<string, RequestShape>([
  ['posix-rename@openssh.com', rename('posix-rename')],
  ['hardlink@openssh.com', changes('link', 'write', 'making a hard link', twoPaths)],
  ['lsetstat@openssh.com', setstat('lsetstat', pathAndAttributes)],
  ['statvfs@openssh.com', look('statvfs', SFTP.extendedReply)],
  ['expand-path@openssh.com', look('expand-path', SFTP.name)],
  ['home-directory', look('home-directory', SFTP.name)],
  [
    'users-groups-by-id@openssh.com',
    look('users-groups-by-id', SFTP.extendedReply, reader => ({
      detail: { users: reader.string().length >> 2, groups: reader.string().length >> 2 },
    })),
  ],
  ['fstatvfs@openssh.com', withHandle('fstatvfs', SFTP.extendedReply)],
  ['fsync@openssh.com', withHandle('fsync', undefined)],
  ['limits@openssh.com', { ...withHandle('limits', SFTP.extendedReply), fields: () => ({}) }],
  [
    'copy-data',
    {
      verb: 'copy-data',
      kind: 'sftp_copy',
      effects: ['read', 'write'],
      what: 'copying between files of the target',
      fields: copyData,
    },
  ],
])

/** Its name is in the sealed detail. */
export const UNKNOWN_EXTENSION: RequestShape = {
  verb: 'unknown',
  kind: 'sftp_unknown',
  effects: [],
  what: 'an SFTP extension that it does not know',
  fields: () => ({}),
}

export const UNKNOWN_TYPE: RequestShape = {
  ...UNKNOWN_EXTENSION,
  what: 'an SFTP request that it does not know',
  fields: reader => {
    reader.skip(reader.remaining)
    return { unknown: 'packet type' }
  },
}

function withHandle(verb: string, answer: number | undefined): RequestShape {
  const what = 'a request about an open file'
  return { verb, effects: ['look'], what, ...(answer !== undefined && { answer }), fields: oneHandle }
}

function open(reader: SftpReader): RequestFields {
  const path = reader.string()
  const flags = reader.uint32()
  const attributes = reader.attributes()
  const names = Object.entries(OPEN_FLAGS).filter(([, bit]) => (flags & bit) !== 0)
  const all = Object.values(OPEN_FLAGS).reduce((sum, bit) => sum | bit, 0)
  // A server may truncate or create under any of these, whether WRITE is set or not; with neither READ nor WRITE it reads.
  const writes = (flags & ~OPEN_FLAGS.read) !== 0
  const reads = (flags & OPEN_FLAGS.read) !== 0 || (flags & OPEN_FLAGS.write) === 0
  return {
    paths: [path],
    detail: { flags: names.map(([name]) => name).join(' '), ...attributes },
    effects: [...(reads ? (['read'] as const) : []), ...(writes ? (['write'] as const) : [])],
    opens: { reads, writes, appends: (flags & OPEN_FLAGS.append) !== 0 },
    ...((flags & ~all) !== 0 && { unknown: `flags ${(flags >>> 0).toString(16)}` }),
  }
}

function copyData(reader: SftpReader): RequestFields {
  const source = reader.handle()
  const from = reader.uint64()
  const length = reader.uint64()
  const destination = reader.handle()
  const to = reader.uint64()
  return {
    handles: [source, destination],
    // Length 0 means up to the end.
    detail: { from: exact(from), length: exact(length), to: exact(to) },
  }
}
