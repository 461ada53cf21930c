// Event streams of the made-up world.

const at = '2026-01-01T10:00:00Z';
const streams = Array.from({ length: 12 }, (_, index) => ({
  name: `order-${index + 10}`, version: 3 + index, first: index === 4 ? 3 : 1, isGone: index === 5, keepEvents: index === 4 ? 5 : 0, keepFor: '0s', at, snapshot: index === 3 ? 2 : 0,
}));
const event = (stream, version) => ({ stream, version, position: 100 + version, at, event: { specversion: '1.0', id: `${version}`, source: '/shop', type: version === 1 ? 'order.made' : 'order.changed', datacontenttype: 'application/json', data: { sku: version, note: 'x'.repeat(300) } } });

/** The answers about streams; undefined for what is something else. */
export function readStreams(noun, name, verb) {
  if (noun === 'streams' && name === undefined) return { items: streams };
  if (noun === 'state' && name === 'streams') {
    return {
      figures: { streams: streams.length, events: 90, last: 120, bytes: 65536, appended: 90, conflicts: 2 },
      readers: [{ name: 'queue:order-events', position: 118, rewinds: 0, at }, { name: 'report', position: 20, rewinds: 1, at }],
      watching: 2,
    };
  }
  if ((noun === 'streams' && verb === 'events') || (noun === 'state' && name === 'events')) {
    const of = noun === 'streams' ? name : 'order-10';
    return { events: [3, 2, 1].map((version) => event(of, version)), next: 1, end: true, last: 3, first: 1 };
  }
  return undefined;
}
