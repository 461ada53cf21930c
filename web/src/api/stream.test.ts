// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../domain/connection';
import type { StreamEvent } from '../domain/sse';
import { Stream } from './stream';

interface Attempt {
  headers: Headers;
  signal: AbortSignal;
  send: (text: string) => void;
  end: () => void;
}

let attempts: Attempt[];
let refuse: number | undefined;
let events: StreamEvent[];
let connections: Connection[];
let stream: Stream | undefined;

const settle = () => vi.advanceTimersByTimeAsync(0);
const hide = (hidden: boolean) => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
  document.dispatchEvent(new window.Event('visibilitychange'));
};

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  attempts = [];
  refuse = undefined;
  events = [];
  connections = [];
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    if (refuse !== undefined) return new Response('{}', { status: refuse, headers: { 'Content-Type': 'application/json' } });
    let control!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (control = controller) });
    attempts.push({
      headers: new Headers(init.headers),
      signal: init.signal!,
      send: (text) => control.enqueue(new TextEncoder().encode(text)),
      end: () => control.close(),
    });
    return new Response(body);
  });
  stream = new Stream({ path: () => 'map?watch=true', onEvent: (event) => events.push(event), onConnection: (connection) => connections.push(connection) });
});

afterEach(() => {
  stream?.close();
  hide(false);
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('Stream', () => {
  it('delivers events and says that it is live', async () => {
    await settle();
    attempts[0]!.send('id: 7\nevent: map\ndata: {}\n\n');
    await settle();
    expect(events).toEqual([{ event: 'map', data: '{}', id: '7' }]);
    expect(connections).toEqual([{ state: 'connecting' }, { state: 'live' }]);
  });

  it('says since when nothing came, and resumes after the last id', async () => {
    await settle();
    attempts[0]!.send('id: 7\nevent: map\ndata: {}\n\n');
    await settle();
    attempts[0]!.end();
    await settle();
    expect(connections.at(-1)).toEqual({ state: 'lost', shown: 1_000_000, retryAt: 1_000_500 });
    await vi.advanceTimersByTimeAsync(500);
    expect(attempts[1]!.headers.get('Last-Event-ID')).toBe('7');
    expect(connections.at(-1)).toEqual({ state: 'live' });
  });

  it('waits longer after each failure, and less once something came', async () => {
    await settle();
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      attempts.at(-1)!.end();
      await settle();
      const lost = connections.at(-1) as Extract<Connection, { state: 'lost' }>;
      waits.push(lost.retryAt - Date.now());
      await vi.advanceTimersByTimeAsync(waits.at(-1)!);
    }
    attempts.at(-1)!.send(': hello\n\n');
    await settle();
    attempts.at(-1)!.end();
    await settle();
    waits.push((connections.at(-1) as Extract<Connection, { state: 'lost' }>).retryAt - Date.now());
    expect(waits).toEqual([500, 1000, 2000, 500]);
  });

  it('starts from the list again when the resumed revision is gone', async () => {
    await settle();
    attempts[0]!.send('id: 7\nevent: put\ndata: {}\n\nevent: compacted\ndata: {}\n\n');
    await settle();
    attempts[0]!.end();
    await vi.advanceTimersByTimeAsync(500);
    expect(attempts[1]!.headers.has('Last-Event-ID')).toBe(false);
  });

  it('takes a long silence for a dead connection', async () => {
    await settle();
    await vi.advanceTimersByTimeAsync(45_000);
    expect(attempts[0]!.signal.aborted).toBe(true);
    expect(attempts).toHaveLength(2);
  });

  it('closes while the page is hidden and opens again when it is seen', async () => {
    await settle();
    hide(true);
    expect(attempts[0]!.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(attempts).toHaveLength(1);
    hide(false);
    await settle();
    expect(attempts).toHaveLength(2);
    expect(connections.map(({ state }) => state)).not.toContain('lost');
  });

  it('does not try again by itself when it is refused', async () => {
    await settle();
    refuse = 401;
    attempts[0]!.end();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connections.at(-1)).toEqual({ state: 'refused' });
    refuse = undefined;
    stream!.retry();
    await settle();
    expect(connections.at(-1)).toEqual({ state: 'live' });
  });
});
