/** Cuts a byte stream into lines of a bounded length, on both ends of the control socket. */

const NEWLINE = 0x0a
/** Pieces of an unfinished line that are joined: many small chunks must not each keep a buffer. */
const MOST_PIECES = 64

export class LineReader {
  readonly #maxBytes: number
  readonly #chunks: Buffer[] = []
  /** How far the first chunk has been read. */
  #offset = 0
  /** The line so far. */
  #pieces: Buffer[] = []
  #length = 0
  #overlong = false

  /** @param maxBytes of one line, without its end. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Set for good by a line over the limit: where the next one begins is not looked for. */
  get overlong(): boolean {
    return this.#overlong
  }

  feed(chunk: Buffer): void {
    if (!this.#overlong) this.#chunks.push(chunk)
  }

  /** The next line, or undefined until more is fed. What is not UTF-8 becomes U+FFFD. */
  next(): string | undefined {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const end = chunk.indexOf(NEWLINE, this.#offset)
      this.#add(chunk.subarray(this.#offset, end < 0 ? chunk.length : end))
      if (this.#overlong) return undefined
      if (end < 0) {
        this.#chunks.shift()
        this.#offset = 0
      } else {
        this.#offset = end + 1
        return this.#take()
      }
    }
    return undefined
  }

  #add(piece: Buffer): void {
    this.#length += piece.length
    if (this.#length > this.#maxBytes) {
      this.#overlong = true
      this.#chunks.length = 0
      this.#pieces = []
      return
    }
    this.#pieces.push(piece)
    if (this.#pieces.length === MOST_PIECES) this.#pieces = [Buffer.concat(this.#pieces)]
  }

  #take(): string {
    const line = Buffer.concat(this.#pieces).toString('utf8')
    this.#pieces = []
    this.#length = 0
    return line
  }
}
