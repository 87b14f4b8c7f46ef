import { Refusal } from './api.js'

/** WebAuthn's JSON form (WebAuthn 3 §5.1.8) by hand: not every browser on call has the parsers yet. */
const toBytes = text =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), char => char.charCodeAt(0))
const toText = buffer =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const described = list => (list ?? []).map(each => ({ ...each, id: toBytes(each.id) }))

export async function createPasskey(options) {
  const credential = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: { ...options.user, id: toBytes(options.user.id) },
        excludeCredentials: described(options.excludeCredentials),
      },
    }),
  )
  const { clientDataJSON, attestationObject } = credential.response
  return {
    ...named(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      attestationObject: toText(attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  }
}

export async function getPasskey(options) {
  const credential = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        allowCredentials: described(options.allowCredentials),
      },
    }),
  )
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response
  return {
    ...named(credential),
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      ...(userHandle && { userHandle: toText(userHandle) }),
    },
  }
}

function named(credential) {
  const id = toText(credential.rawId)
  return { id, rawId: id, type: credential.type, clientExtensionResults: {} }
}

async function ask(prompt) {
  if (!window.PublicKeyCredential) {
    throw new Refusal({
      detail: 'This browser has no passkeys here.',
      next: 'They need https or localhost; use a password and a code, or another browser.',
    })
  }
  try {
    return await prompt()
  } catch (error) {
    if (error.name === 'InvalidStateError') {
      throw new Refusal({
        detail: 'This device is registered already.',
        next: 'Sign in with it, or use another device.',
      })
    }
    throw new Refusal({
      detail: 'No passkey was shown.',
      next: 'The prompt was closed or ran out of time. Try again, or use another way.',
    })
  }
}
