import type { JudgedMessage } from '../kernel/judged.ts'
import type { Known } from '../policy/known.ts'
import type { Terms } from '../policy/terms.ts'
import type { ByteProgress } from './byte-progress.ts'

/** What runs on this machine without asking a server. `src/main.ts` binds it to `server/`, which this folder does not know. */
export interface LocalCommands {
  init(options: InitWish): Promise<InitDone>
  /** Runs until it is told to stop. Resolves when everything is closed. */
  start(options: StartWish): Promise<void>
  /** Runs a witness until it is told to stop. */
  witness(options: WitnessWish): Promise<void>
  /** Signs for servers of another account until it is told to stop. */
  signer(options: SignerWish): Promise<void>
  /** Copies the data of a running or stopped server, and verifies the copy. */
  backup(options: BackupWish): Promise<BackupDone>
  /** Puts a backup in place of data that is gone. */
  restore(options: RestoreWish): Promise<RestoreDone>
  /** Changes the keys of one log of a stopped server. */
  changeKeys(wish: KeyWish): Promise<KeysChanged>
  /** The procedures of a configuration folder and what they may name. */
  procedures(folder: string): Promise<ProcedureFolder>
  /** What a script or command line would do and what the rules of a procedure say to it. Fault `input.invalid`: the protocol has no text to judge. */
  judge(protocol: string, script: string, rules: JudgedRules): Promise<readonly JudgedMessage[]>
  /** Reads everything again and recomputes it; needs no running server and changes nothing. */
  verify(data: string, onProgress: (progress: VerifyProgress) => void): Promise<VerifyDone>
}

export interface InitWish {
  readonly folder: string
  readonly organisation: string
  readonly owners: readonly string[]
  readonly needed?: number
  readonly shares: { readonly count: number; readonly threshold: number }
}

export interface InitDone {
  readonly folder: string
  readonly files: readonly string[]
  readonly shares: readonly string[]
  readonly threshold: number
}

export interface StartWish {
  readonly folder: string
  readonly stop: AbortSignal
  readonly onReady: (ready: {
    readonly url: string
    readonly listening: readonly { readonly name: string; readonly address: string }[]
    readonly links: readonly { readonly handle: string; readonly link: string; readonly expiresMs: number }[]
  }) => void
}

export interface WitnessWish {
  readonly folder: string
  readonly name?: string
  /** Verifier keys. */
  readonly logs: readonly string[]
  readonly logsFile?: string
  /** `host:port`. */
  readonly listen: string
  readonly stop: AbortSignal
  readonly onReady: (ready: {
    readonly name: string
    readonly vkey: string
    readonly url: string
    /** Its key was made just now. */
    readonly fresh: boolean
    readonly following: readonly { readonly origin: string; readonly size: number }[]
  }) => void
}

export interface BackupWish {
  readonly config: string
  readonly to: string
  readonly onProgress: (progress: ByteProgress) => void
}

export interface BackupDone {
  readonly folder: string
  readonly logs: readonly { readonly log: string; readonly size: number; readonly root: string }[]
  readonly files: number
  readonly bytes: number
}

export interface RestoreWish {
  readonly from: string
  readonly to: string
  readonly newOrigin?: string
  readonly onProgress: (progress: ByteProgress) => void
}

export interface RestoreDone {
  readonly data: string
  readonly logs: readonly { readonly log: string; readonly origin: string; readonly size: number }[]
}

export interface KeyWish {
  readonly config: string
  readonly log: string
  readonly change: KeyChange
}

/** `keyId`: eight hex digits, the middle of a verifier key. `since`: size of the last head by that key that is still believed. */
type KeyChange =
  | { readonly kind: 'rotate' }
  | { readonly kind: 'retire'; readonly keyId: string }
  | { readonly kind: 'compromised'; readonly keyId: string; readonly since: number }

export interface KeysChanged {
  readonly log: string
  readonly origin: string
  readonly size: number
  /** An earlier change that was cut in two was finished; nothing of this wish was done. */
  readonly finished: boolean
  /** Those that sign from now on, the oldest first. */
  readonly vkeys: readonly string[]
}

export interface SignerWish {
  readonly directory: string
  readonly socket: string
  readonly allow: { readonly uid?: number; readonly gid?: number }
  readonly stop: AbortSignal
  readonly onReady: () => void
}

export interface ProcedureFolder {
  readonly folder: string
  readonly files: readonly { readonly path: string; readonly text: string }[]
  readonly known: Known
  readonly targets: readonly {
    readonly name: string
    readonly protocol: string
    readonly environment: string
    readonly services: readonly string[]
  }[]
}

/** What a procedure says that text is judged by. */
export interface JudgedRules {
  readonly procedure: string
  readonly refuse: readonly string[]
  readonly host?: NonNullable<Terms['scope']['host']>
}

export interface VerifyProgress {
  /** What is being read now: `log control`, `vault`. */
  readonly part: string
  readonly entries: number
  /** 0 while unknown. */
  readonly total: number
}

export interface Finding {
  /** Relative to the data folder. */
  readonly file: string
  /** The first entry concerned, where there is one. */
  readonly index?: number
  readonly what: string
}

export interface VerifyDone {
  readonly logs: readonly {
    readonly log: string
    readonly size: number
    readonly root: string
    readonly vkey: string
    readonly vkeys: readonly string[]
    readonly trust: 'signer' | 'vault' | 'itself'
  }[]
  /** False: its key is not here, so it was not opened. */
  readonly vault: boolean
  readonly findings: readonly Finding[]
}
