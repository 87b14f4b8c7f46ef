import { execFileSync } from 'node:child_process'
import { userInfo } from 'node:os'

/**
 * The unix accounts of the tests. As root two are made once, when they are missing, and left in place like the packages that
 * the tests install: several suites use them at the same time, and processes are told apart by their environment, never by
 * the account. Otherwise both are whoever runs the tests, as an sshd without rights lets in nobody else.
 */
export function testAccounts(): { readonly deploy: string; readonly reader: string } {
  if (process.getuid?.() !== 0) {
    const { username } = userInfo()
    return { deploy: username, reader: username }
  }
  return { deploy: ensureAccount('bgdeploy'), reader: ensureAccount('bgreader') }
}

/** An account with a home and a shell and no password; `*`, as `!` would lock it for sshd without PAM. */
function ensureAccount(name: string): string {
  for (let attempt = 0; !exists(name); attempt++) {
    try {
      execFileSync('useradd', ['-m', '-s', '/bin/bash', '-p', '*', name], { stdio: 'pipe' })
    } catch (cause) {
      // Another suite may hold the lock of the account files, or have made it this moment.
      if (attempt >= 20) throw cause
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
  return name
}

function exists(name: string): boolean {
  try {
    execFileSync('id', ['-u', name], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
