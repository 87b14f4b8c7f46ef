/**
 * The part of npm ssh2 that is used: its transport and key exchange (RFC 4253) as one class that moves no bytes by itself. Internal
 * to that package, so its version is pinned (docs/decisions/0027).
 */
declare module 'ssh2/lib/protocol/kex.js' {
  /** Makes an offer in the form in which it is sent. */
  export const KexInit: new (algorithms: object) => object
}

declare module 'ssh2/lib/protocol/Protocol.js' {
  interface Algorithms {
    readonly kex: readonly string[]
    readonly serverHostKey: readonly string[]
    readonly cs: {
      readonly cipher: readonly string[]
      readonly mac: readonly string[]
      readonly compress: readonly string[]
      readonly lang: readonly string[]
    }
    readonly sc: Algorithms['cs']
  }

  interface HostKey {
    readonly type: string
    getPublicSSH(): Buffer
    sign(data: Buffer): Buffer
  }

  interface Configuration {
    readonly server: boolean
    readonly ident: string
    readonly offer: Algorithms
    readonly hostKeys?: Readonly<Record<string, HostKey>>
    readonly hostVerifier?: (key: Buffer) => boolean
    onWrite(bytes: Buffer): void
    onError(error: Error): void
    onHeader(header: { readonly identRaw: string; readonly versions: { readonly software: string } }): void
    onHandshakeComplete(): void
  }

  /** Grows packets for the cipher in force; while keys are exchanged they wait as bare payloads. */
  interface PacketWriter {
    readonly allocStartKEX: number
    alloc(payload: number, always?: boolean): Buffer
    finalize(packet: Buffer, always?: boolean): Buffer
  }

  export default class Protocol {
    /** What is offered; read when the peer's identification has come. */
    _offer: unknown
    constructor(configuration: Configuration)
    start: () => void
    /** Throws what a damaged packet leads to. */
    parse(bytes: Buffer, from: number, to: number): void
    rekey(): void
    cleanup(): void
    _onPayload: (payload: Buffer) => unknown
    readonly _kex: { readonly sessionID: Buffer }
    /** Set while keys are exchanged. */
    readonly _kexinit: Buffer | undefined
    readonly _cipher: { encrypt(packet: Buffer): void }
    readonly _decipher: { readonly inSeqno: number }
    readonly _packetRW: { readonly write: PacketWriter }
    _queue: Buffer[] | undefined
  }
}
