import { type CommandEntry, entry } from './command-entry.ts'

/** Every command, in the order of `breakglass --help`. */
export const COMMANDS: readonly CommandEntry[] = [
  entry(
    'Access',
    'open',
    'break the glass: ask for access to a target',
    async () => (await import('./commands/open.ts')).open,
  ),
  entry(
    'Access',
    'connect',
    'start psql, ssh or another client under a grant',
    async () => (await import('./commands/connect.ts')).connect,
  ),
  entry(
    'Access',
    'ssh-config',
    'hosts you have a grant for, in your own ssh config',
    async () => (await import('./commands/ssh-config.ts')).sshConfig,
  ),
  entry('Access', 'extend', 'ask for more time', async () => (await import('./commands/extend.ts')).extend),
  entry('Access', 'close', 'end your own grant', async () => (await import('./commands/close.ts')).close),
  entry(
    'Access',
    'withdraw',
    'take a request back',
    async () => (await import('./commands/withdraw.ts')).withdraw,
  ),

  entry(
    'Identity',
    'login',
    'sign this terminal in',
    async () => (await import('./commands/login.ts')).login,
  ),
  entry(
    'Identity',
    'logout',
    'sign this terminal out',
    async () => (await import('./commands/logout.ts')).logout,
  ),
  entry(
    'Identity',
    'enrol',
    'register your first factor with a one-time link',
    async () => (await import('./commands/enrol.ts')).enrol,
  ),
  entry(
    'Identity',
    'whoami',
    'who you are here, and your factors',
    async () => (await import('./commands/whoami.ts')).whoami,
  ),
  entry(
    'Identity',
    'people',
    'list people (administrators)',
    async () => (await import('./commands/people.ts')).people,
  ),
  entry(
    'Identity',
    'people add',
    'add somebody; prints an enrolment link',
    async () => (await import('./commands/people-add.ts')).peopleAdd,
  ),
  entry(
    'Identity',
    'people groups',
    "set somebody's groups",
    async () => (await import('./commands/people-groups.ts')).peopleGroups,
  ),
  entry(
    'Identity',
    'people link',
    'a new enrolment link',
    async () => (await import('./commands/people-link.ts')).peopleLink,
  ),
  entry(
    'Identity',
    'people disable',
    'end everything somebody has, at once',
    async () => (await import('./commands/people-disable.ts')).peopleDisable,
  ),
  entry(
    'Identity',
    'people enable',
    'let somebody in again',
    async () => (await import('./commands/people-enable.ts')).peopleEnable,
  ),

  entry(
    'Answering',
    'approve',
    'say yes to a request',
    async () => (await import('./commands/approve.ts')).approve,
  ),
  entry('Answering', 'deny', 'say no to a request', async () => (await import('./commands/deny.ts')).deny),
  entry(
    'Answering',
    'revoke',
    "end somebody else's grant",
    async () => (await import('./commands/revoke.ts')).revoke,
  ),
  entry(
    'Answering',
    'reviews',
    'reviews that are open',
    async () => (await import('./commands/reviews.ts')).reviews,
  ),
  entry(
    'Answering',
    'review show',
    'one review, with what was done',
    async () => (await import('./commands/review-show.ts')).reviewShow,
  ),
  entry(
    'Answering',
    'review complete',
    'answer a review',
    async () => (await import('./commands/review-complete.ts')).reviewComplete,
  ),
  entry(
    'Answering',
    'lock',
    'close a target, a procedure, a person or everything',
    async () => (await import('./commands/lock.ts')).lock,
  ),
  entry('Answering', 'unlock', 'lift a lock', async () => (await import('./commands/unlock.ts')).unlock),

  entry(
    'Looking',
    'status',
    'what there is to know at a glance',
    async () => (await import('./commands/status.ts')).status,
  ),
  entry(
    'Looking',
    'grants',
    'grants and requests',
    async () => (await import('./commands/grants.ts')).grants,
  ),
  entry('Looking', 'show', 'one grant', async () => (await import('./commands/show.ts')).show),
  entry('Looking', 'sessions', 'sessions', async () => (await import('./commands/sessions.ts')).sessions),
  entry(
    'Looking',
    'watch',
    'a session as it happens',
    async () => (await import('./commands/watch.ts')).watch,
  ),
  entry(
    'Looking',
    'replay',
    'what was done in a session; plays a terminal back',
    async () => (await import('./commands/replay.ts')).replay,
  ),
  entry(
    'Looking',
    'statements',
    'what each statement of a session touched and came to',
    async () => (await import('./commands/statements.ts')).statements,
  ),
  entry(
    'Looking',
    'search',
    'search in what was done',
    async () => (await import('./commands/search.ts')).search,
  ),

  entry(
    'Incidents',
    'incidents',
    'incidents',
    async () => (await import('./commands/incidents.ts')).incidents,
  ),
  entry(
    'Incidents',
    'incident declare',
    'declare an incident',
    async () => (await import('./commands/incident-declare.ts')).incidentDeclare,
  ),
  entry(
    'Incidents',
    'incident resolve',
    'say that one declared here is over',
    async () => (await import('./commands/incident-resolve.ts')).incidentResolve,
  ),

  entry(
    'Setting up',
    'init',
    'write a new configuration folder',
    async () => (await import('./commands/init.ts')).init,
  ),
  entry('Setting up', 'start', 'run the server', async () => (await import('./commands/start.ts')).start),
  entry(
    'Setting up',
    'target plan',
    'what the owner of a target runs once',
    async () => (await import('./commands/target-plan.ts')).targetPlan,
  ),
  entry(
    'Setting up',
    'target check',
    'whether a target enforces its scopes',
    async () => (await import('./commands/target-check.ts')).targetCheck,
  ),
  entry(
    'Setting up',
    'ssh-keys',
    "the gateway's own SSH keys, with their fingerprints",
    async () => (await import('./commands/ssh-keys.ts')).sshKeys,
  ),
  entry(
    'Setting up',
    'ssh-keys next',
    'make the key that will follow (administrators)',
    async () => (await import('./commands/ssh-keys-next.ts')).sshKeysNext,
  ),
  entry(
    'Setting up',
    'ssh-keys withdraw',
    'take it back instead (administrators)',
    async () => (await import('./commands/ssh-keys-withdraw.ts')).sshKeysWithdraw,
  ),
  entry(
    'Setting up',
    'ssh-keys switch',
    'use it, once all that must trust it do (administrators)',
    async () => (await import('./commands/ssh-keys-switch.ts')).sshKeysSwitch,
  ),
  entry(
    'Setting up',
    'policy',
    'which procedures are in force',
    async () => (await import('./commands/policy.ts')).policy,
  ),
  entry(
    'Setting up',
    'policy check',
    'check the procedures of a folder',
    async () => (await import('./commands/policy-check.ts')).policyCheck,
  ),
  entry(
    'Setting up',
    'policy test',
    'run the tests of procedures',
    async () => (await import('./commands/policy-test.ts')).policyTest,
  ),
  entry(
    'Setting up',
    'policy explain',
    'rule by rule, why',
    async () => (await import('./commands/policy-explain.ts')).policyExplain,
  ),
  entry(
    'Setting up',
    'policy judge',
    'what a procedure says to a statement or script',
    async () => (await import('./commands/policy-judge.ts')).policyJudge,
  ),
  entry(
    'Setting up',
    'policy reload',
    'read the folder of procedures again',
    async () => (await import('./commands/policy-reload.ts')).policyReload,
  ),
  entry(
    'Setting up',
    'policy accept',
    'accept a set of procedures as an owner',
    async () => (await import('./commands/policy-accept.ts')).policyAccept,
  ),
  entry(
    'Setting up',
    'completion',
    'completion for bash, zsh or fish',
    async () => (await import('./commands/completion.ts')).completion,
  ),

  entry(
    'Evidence',
    'witness',
    'cosign the heads of other logs',
    async () => (await import('./commands/witness.ts')).witness,
  ),
  entry(
    'Evidence',
    'ledger head',
    'the signed head of each log',
    async () => (await import('./commands/ledger-head.ts')).ledgerHead,
  ),
  entry(
    'Evidence',
    'ledger entry',
    'the exact bytes of one entry',
    async () => (await import('./commands/ledger-entry.ts')).ledgerEntry,
  ),
  entry(
    'Evidence',
    'ledger prove',
    'a proof for one entry',
    async () => (await import('./commands/ledger-prove.ts')).ledgerProve,
  ),
  entry(
    'Evidence',
    'ledger policy',
    'the keys and witnesses to verify with',
    async () => (await import('./commands/ledger-policy.ts')).ledgerPolicy,
  ),
  entry(
    'Evidence',
    'ledger verify',
    'recompute everything, or one proof, offline',
    async () => (await import('./commands/ledger-verify.ts')).ledgerVerify,
  ),
  entry(
    'Evidence',
    'ledger rotate-key',
    'give a log a second key; its server is stopped',
    async () => (await import('./commands/ledger-rotate-key.ts')).ledgerRotateKey,
  ),
  entry(
    'Evidence',
    'ledger retire-key',
    'end the use of a key of a log',
    async () => (await import('./commands/ledger-retire-key.ts')).ledgerRetireKey,
  ),
  entry(
    'Evidence',
    'ledger compromised-key',
    'record that somebody else has a key of a log',
    async () => (await import('./commands/ledger-compromised-key.ts')).ledgerCompromisedKey,
  ),
  entry(
    'Evidence',
    'backup',
    'copy the data of a server, verified',
    async () => (await import('./commands/backup.ts')).backup,
  ),
  entry(
    'Evidence',
    'restore',
    'put a backup in place of data that is gone',
    async () => (await import('./commands/restore.ts')).restore,
  ),
  entry(
    'Evidence',
    'signer',
    'sign the logs of a server that runs under another account',
    async () => (await import('./commands/signer.ts')).signer,
  ),
  entry(
    'Evidence',
    'evidence export',
    'a bundle that others verify without this server',
    async () => (await import('./commands/evidence-export.ts')).evidenceExport,
  ),
  entry(
    'Evidence',
    'evidence verify',
    'what a bundle shows, offline',
    async () => (await import('./commands/evidence-verify.ts')).evidenceVerify,
  ),
  entry(
    'Evidence',
    'evidence erase',
    'destroy what a session or a person left, and say so for ever',
    async () => (await import('./commands/evidence-erase.ts')).evidenceErase,
  ),
]

/** The entry whose words the arguments begin with; the longest wins. Options before or between the words are passed over. */
export function chosen(args: readonly string[]): CommandEntry | undefined {
  const words = args.filter(word => !word.startsWith('-')).slice(0, 2)
  return (
    COMMANDS.find(({ words: own }) => own === words.join(' ')) ??
    COMMANDS.find(({ words: own }) => own === words[0])
  )
}
