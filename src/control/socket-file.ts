/** The file of a control socket: made for its owner alone, and never taken from a node that runs. */
import { lstat, unlink } from 'node:fs/promises'
import { createConnection, type Server } from 'node:net'
import { dirname } from 'node:path'
import { MeshError, messageOf, systemCodeOf } from '../runtime/errors.ts'
import { makeFolder } from '../runtime/make-folder.ts'

/** Read and write for the owner. */
const OTHERS_AND_EXECUTE = 0o177

/**
 * Binds the server. The socket of a process that is gone is replaced.
 *
 * @throws MeshError ERR_CONTROL where another node answers there, something else lies there, or the system
 *   does not allow it
 */
export async function bindSocket(server: Server, path: string): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700)
    try {
      await bind(server, path)
    } catch (error) {
      if (systemCodeOf(error) !== 'EADDRINUSE') throw error
      await removeStale(path)
      await bind(server, path)
    }
  } catch (error) {
    if (error instanceof MeshError) throw error
    const code = systemCodeOf(error)
    if (code === 'EADDRINUSE') throw occupied(path)
    throw failure(path, `cannot be bound: ${messageOf(error)}`, error)
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // listen() has bound a path when it returns, so that the file never has another mode.
    const mask = process.umask(OTHERS_AND_EXECUTE)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
}

async function removeStale(path: string): Promise<void> {
  const stat = await lstat(path)
  if (!stat.isSocket()) throw failure(path, 'exists and is no socket: remove it, or set control.socket')
  if (await answers(path)) throw occupied(path)
  await unlink(path)
}

/** Whether some process listens there. Anything but a plain refusal counts: it must not be cut off. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => resolve(systemCodeOf(error) !== 'ECONNREFUSED'))
  })
}

function occupied(path: string): MeshError {
  return failure(path, 'answers, so another node runs here: stop it, or give this one its own node.data_dir')
}

function failure(path: string, what: string, cause?: unknown): MeshError {
  return new MeshError('ERR_CONTROL', `control socket ${path} ${what}`, { cause, context: { path } })
}
