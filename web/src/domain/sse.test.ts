import { describe, expect, it } from 'vitest';
import { SseParser, type StreamEvent } from './sse';

const stream = ': hello\n\nid: 7\nevent: put\ndata: {"a":1}\n\ndata: one\ndata: two\n\nevent: lonely\n\nevent:ping\r\ndata:\r\n\r\n';
const events: StreamEvent[] = [
  { event: 'put', data: '{"a":1}', id: '7' },
  { event: 'message', data: 'one\ntwo', id: '7' },
  { event: 'ping', data: '', id: '7' },
];

describe('SseParser', () => {
  it('reads names, ids and lines of data', () => {
    expect(new SseParser().push(stream)).toEqual(events);
  });

  it('reads the same from pieces of any size', () => {
    for (let size = 1; size < stream.length; size++) {
      const parser = new SseParser();
      const found: StreamEvent[] = [];
      for (let at = 0; at < stream.length; at += size) found.push(...parser.push(stream.slice(at, at + size)));
      expect(found, `pieces of ${size}`).toEqual(events);
    }
  });
});
