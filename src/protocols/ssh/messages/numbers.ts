/** Message numbers (RFC 4250 §4.1). */
export const SSH = {
  disconnect: 1,
  ignore: 2,
  unimplemented: 3,
  debug: 4,
  serviceRequest: 5,
  serviceAccept: 6,
  extInfo: 7,
  kexinit: 20,
  lastOfKeyExchange: 49,
  userauthRequest: 50,
  userauthFailure: 51,
  userauthSuccess: 52,
  userauthBanner: 53,
  /** RFC 4252 §7 and RFC 4256 §3.2 share a number: which it is depends on the method. */
  userauthPkOk: 60,
  userauthInfoRequest: 60,
  userauthInfoResponse: 61,
  globalRequest: 80,
  requestSuccess: 81,
  requestFailure: 82,
  channelOpen: 90,
  channelOpenConfirmation: 91,
  channelOpenFailure: 92,
  channelWindowAdjust: 93,
  channelData: 94,
  channelExtendedData: 95,
  channelEof: 96,
  channelClose: 97,
  channelRequest: 98,
  channelSuccess: 99,
  channelFailure: 100,
} as const

/** Why a connection is ended (RFC 4250 §4.2.2). */
export const DISCONNECT = {
  protocolError: 2,
  hostKeyNotVerifiable: 9,
  byApplication: 11,
  noMoreAuthMethods: 14,
} as const

/** Why a channel is not opened (RFC 4250 §4.3). */
export const OPEN_FAILURE = {
  administrativelyProhibited: 1,
  connectFailed: 2,
  unknownChannelType: 3,
  resourceShortage: 4,
} as const

/** Data in one packet that every implementation takes (RFC 4253 §6.1), and the most that any side sends or is sent through here. */
export const MOST_DATA = 32768

/** Type of extended data (RFC 4250 §4.4.3). */
export const STDERR = 1
