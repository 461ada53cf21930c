import type { LogLine } from '../api/shapes';

export interface NumberedLine extends LogLine {
  /** Counts up from 0 for the life of the buffer. */
  number: number;
}

/** A run of lines that never changes once full, so that a view draws it once. */
export interface Chunk {
  first: number;
  lines: readonly NumberedLine[];
}

/** The newest lines, in chunks; the oldest chunk goes when the limit is passed. */
export class LogBuffer {
  private chunks: Chunk[] = [];
  private next = 0;

  constructor(
    readonly mostLines = 5000,
    private readonly chunkLines = 100,
  ) {}

  /** A new array whenever something changed; full chunks keep their identity. */
  get view(): readonly Chunk[] {
    return this.chunks;
  }

  get count(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.lines.length, 0);
  }

  append(lines: readonly LogLine[]): void {
    if (lines.length === 0) return;
    const chunks = [...this.chunks];
    const last = chunks.at(-1);
    let open: NumberedLine[] = last && last.lines.length < this.chunkLines ? [...chunks.pop()!.lines] : [];
    for (const line of lines) {
      open.push({ ...line, text: stripAnsi(line.text), number: this.next++ });
      if (open.length < this.chunkLines) continue;
      chunks.push({ first: open[0]!.number, lines: open });
      open = [];
    }
    if (open.length > 0) chunks.push({ first: open[0]!.number, lines: open });
    let total = chunks.reduce((sum, chunk) => sum + chunk.lines.length, 0);
    while (chunks.length > 1 && total > this.mostLines) total -= chunks.shift()!.lines.length;
    this.chunks = chunks;
  }

  clear(): void {
    this.chunks = [];
  }
}

export interface LogFilter {
  text: string;
  /** Empty: all instances. */
  instance: string;
  errorsOnly: boolean;
}

export function shows(filter: LogFilter, line: LogLine): boolean {
  return (
    (filter.instance === '' || line.instance === filter.instance) &&
    (!filter.errorsOnly || line.stream === 'err') &&
    (filter.text === '' || line.text.toLowerCase().includes(filter.text.toLowerCase()))
  );
}

// ECMA-48 §5.4 control sequences, and §8.3.89 operating system commands: colours and titles that a terminal would swallow.
const ansi = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;

export const stripAnsi = (text: string): string => (text.includes('\x1b') ? text.replace(ansi, '') : text);
