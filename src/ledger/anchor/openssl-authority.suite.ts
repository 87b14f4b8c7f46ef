import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface OpensslAuthority {
  readonly folder: string
  /** PEM file of the root. */
  readonly ca: string
  /** `openssl ts -reply` to a request, by the signer of that name; the default is a proper one. */
  reply(request: Buffer, signer?: Signer, digests?: string): Buffer
  /** What `openssl ts -verify` says of files that were kept. */
  verify(response: string, data: string): string
  remove(): void
}

/** `expired`: its certificate ended yesterday. `rogue`: by a root nobody configured. */
export type Signer = 'proper' | 'elliptic' | 'expired' | 'rogue'

const ELLIPTIC = 'ec -pkeyopt ec_paramgen_curve:P-256'
const CA = `[ca]
default_ca=x
[x]
database=INDEX
new_certs_dir=.
rand_serial=yes
default_md=sha256
policy=p
[p]
commonName=supplied
`

/** A time stamping authority made of openssl alone: a root, signers, and a configuration for `openssl ts`. */
export function opensslAuthority(): OpensslAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'bg-tsa-'))
  const run = (command: string): string =>
    execFileSync('openssl', command.split(' '), {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const root = (name: string): void => {
    run(
      `req -x509 -newkey ${ELLIPTIC} -nodes -keyout ${name}.key -out ${name}.pem -days 30 -subj /CN=${name}`,
    )
  }
  const signer = (name: Signer, by: string, key = ELLIPTIC, dates = '-days 30'): void => {
    run(`req -new -newkey ${key} -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}-signer`)
    writeFileSync(join(folder, `${name}.ext`), 'extendedKeyUsage = critical, timeStamping\n')
    writeFileSync(join(folder, `${name}.index`), '')
    writeFileSync(join(folder, `${name}.ca`), CA.replace('INDEX', `${name}.index`))
    run(
      `ca -batch -notext -config ${name}.ca -cert ${by}.pem -keyfile ${by}.key -in ${name}.csr -out ${name}.pem -extfile ${name}.ext ${dates}`,
    )
  }
  root('root')
  root('stranger')
  signer('proper', 'root', 'rsa:2048')
  signer('elliptic', 'root')
  signer('expired', 'root', ELLIPTIC, '-startdate 20200101000000Z -enddate 20200201000000Z')
  signer('rogue', 'stranger')
  writeFileSync(join(folder, 'serial'), '01\n')
  return {
    folder,
    ca: join(folder, 'root.pem'),
    reply(request, name = 'proper', digests = 'sha256') {
      writeFileSync(
        join(folder, 'tsa.conf'),
        `[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_cert=${name}.pem\nsigner_key=${name}.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=${digests}\nordering=no\ntsa_name=no\ness_cert_id_chain=no\n`,
      )
      writeFileSync(join(folder, 'request.tsq'), request)
      run('ts -reply -config tsa.conf -queryfile request.tsq -out response.tsr')
      return readFileSync(join(folder, 'response.tsr'))
    },
    verify: (response, data) => {
      try {
        return run(`ts -verify -in ${response} -data ${data} -CAfile root.pem`)
      } catch (error) {
        return String((error as { stderr?: string }).stderr)
      }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}
