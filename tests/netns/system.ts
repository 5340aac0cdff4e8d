/** The programs the lab is made with: `ip` (iproute2) and `nft` (nftables), and whether they can be used here. */
import { execFile, execFileSync } from 'node:child_process'
import { messageOf } from '../../src/runtime/errors.ts'

/** Runs a program to its end. @returns its stdout. @throws Error with the command and its stderr. */
export async function execute(program: string, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = execFile(program, args, (error, stdout, stderr) => {
    if (error === null) resolve(stdout)
    else reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}\n${input}`))
  })
  child.stdin?.on('error', () => undefined) // what went wrong is in its exit code
  child.stdin?.end(input)
  return await promise
}

/** `ip` commands, a line each, inside a namespace, by one process. */
export async function ipBatch(namespace: string, ...lines: readonly string[]): Promise<void> {
  await execute('ip', ['-netns', namespace, '-batch', '-'], `${lines.join('\n')}\n`)
}

/** Replaces the firewall and NAT rules of a namespace. */
export async function loadRules(namespace: string, rules: string): Promise<void> {
  await execute('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], `flush ruleset\n${rules.trimEnd()}\n`)
}

/** The folder whose files `ip netns exec` lays over those of /etc. */
export function filesOf(namespace: string): string {
  return `/etc/netns/${namespace}`
}

export async function setSysctl(namespace: string, key: string, value: string): Promise<void> {
  await execute('ip', ['netns', 'exec', namespace, 'sysctl', '-q', '-w', `${key}=${value}`])
}

/**
 * Why there can be no lab here, in one line; undefined where there can be. Made for `skip` of node:test:
 * it looks by doing, since root in a container may lack the right to make a namespace.
 */
export function labMissing(): string | undefined {
  if (process.platform !== 'linux') return 'the lab needs Linux network namespaces'
  if (process.geteuid?.() !== 0) return 'the lab needs root, to make network namespaces'
  const name = `hopwire-${process.pid}-try`
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'pipe' })
    try {
      const rules = 'table ip try {\n chain post {\n type nat hook postrouting priority srcnat\n }\n}\n'
      execFileSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: rules, stdio: 'pipe' })
    } finally {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' })
    }
    return undefined
  } catch (error) {
    const [line = ''] = messageOf(error).split('\n').slice(-2)
    return `the lab needs 'ip netns' and 'nft' (packages iproute2 and nftables): ${line.trim()}`
  }
}
