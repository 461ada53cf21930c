/** One server-sent event. */
export interface StreamEvent {
  /** `message` where the stream names none. */
  event: string;
  data: string;
  /** The last id seen, this event's included; empty before the first. */
  id: string;
}

/**
 * Parses server-sent events from text that arrives in arbitrary pieces (HTML Standard §9.2.6).
 * Read by hand and not by `EventSource`, which can send no Authorization header and hides the status of a refusal.
 */
export class SseParser {
  /** The pieces of the line that is not ended yet. A large event comes in many: what was looked through is not looked through again. */
  private rest: string[] = [];
  private endsInReturn = false;
  private event = '';
  private data: string[] = [];
  private id = '';

  push(piece: string): StreamEvent[] {
    const found: StreamEvent[] = [];
    // A lone CR at the end may be the first half of CRLF: it waits for the next piece.
    const text = this.endsInReturn ? `\r${piece}` : piece;
    this.endsInReturn = text.endsWith('\r');
    const lines = (this.endsInReturn ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    const last = lines.pop()!;
    if (lines.length > 0) {
      lines[0] = this.rest.join('') + lines[0];
      this.rest = [];
    }
    this.rest.push(last);
    for (const line of lines) {
      if (line === '') this.dispatch(found);
      else this.field(line);
    }
    return found;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') this.data.push(value);
    else if (name === 'event') this.event = value;
    else if (name === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(found: StreamEvent[]): void {
    if (this.data.length > 0) found.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.id });
    this.event = '';
    this.data = [];
  }
}
