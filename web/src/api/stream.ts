import { reconnectAfterMs } from '../domain/backoff';
import type { Connection } from '../domain/connection';
import { SseParser, type StreamEvent } from '../domain/sse';
import { ApiError, send } from './client';

export interface StreamHandlers {
  /** The path below `/api/v1/`; asked again at every connect. */
  path: () => string;
  onEvent: (event: StreamEvent) => void;
  /** After each connect, before its first event. */
  onOpen?: () => void;
  onConnection?: (connection: Connection) => void;
}

/** A stream that was silent this long is taken for dead and opened anew: half-open connections report no error. */
const silenceMs = 45_000;

/**
 * Keeps a server-sent event stream open: reconnects with growing waits, resumes after the last id, and closes while the
 * page is hidden, because browsers allow six connections per server for all tabs together.
 */
export class Stream {
  private abort: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private lastId = '';
  private lastAt: number | undefined;
  private closed = false;

  constructor(private readonly handlers: StreamHandlers) {
    document.addEventListener('visibilitychange', this.onVisibility);
    if (!document.hidden) void this.connect();
  }

  /** Tries at once instead of at the next planned time. */
  readonly retry = (): void => {
    if (this.closed) return;
    this.stop();
    void this.connect();
  };

  close(): void {
    this.closed = true;
    document.removeEventListener('visibilitychange', this.onVisibility);
    this.stop();
  }

  private readonly onVisibility = (): void => {
    if (document.hidden) this.stop();
    else if (!this.abort && !this.closed) this.retry();
  };

  private stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = undefined;
  }

  private async connect(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    if (this.attempt === 0 && this.lastAt === undefined) this.handlers.onConnection?.({ state: 'connecting' });
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream' };
      if (this.lastId) headers['Last-Event-ID'] = this.lastId;
      const response = await send(this.handlers.path(), { headers, signal: abort.signal });
      this.handlers.onOpen?.();
      this.handlers.onConnection?.({ state: 'live' });
      await this.read(response, abort);
      if (abort === this.abort) this.lose();
    } catch (error) {
      if (abort !== this.abort) return;
      if (error instanceof ApiError && error.problem.status === 401) this.handlers.onConnection?.({ state: 'refused' });
      else this.lose();
    }
  }

  private async read(response: Response, abort: AbortController): Promise<void> {
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    const parser = new SseParser();
    for (;;) {
      const silence = setTimeout(() => abort === this.abort && this.retry(), silenceMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      this.attempt = 0;
      this.lastAt = Date.now();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (event.event === 'compacted') this.lastId = '';
        else if (event.id) this.lastId = event.id;
        this.handlers.onEvent(event);
      }
    }
  }

  private lose(): void {
    const wait = reconnectAfterMs(this.attempt++, Math.random());
    this.handlers.onConnection?.({ state: 'lost', shown: this.lastAt, retryAt: Date.now() + wait });
    this.timer = setTimeout(() => void this.connect(), wait);
  }
}
