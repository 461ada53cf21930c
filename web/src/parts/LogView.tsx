import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Stream } from '../api/stream';
import type { LogLine } from '../api/shapes';
import { fineClock } from '../domain/format';
import { LogBuffer, shows, type Chunk, type LogFilter } from '../domain/logs';
import { Icon } from './glyphs';
import { useText } from './settings';

const tail = 200;
/** Lines are drawn in batches at this pace, however fast they come. */
const drawEveryMs = 150;

/** The lines of a service's instances as they come. */
export function LogView({ service, instances }: { service: string; instances: readonly string[] }) {
  const text = useText();
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useState<LogFilter>({ text: '', instance: '', errorsOnly: false });
  const { chunks, waiting, clear } = useLogs(service, paused);
  const many = instances.length > 1 && filter.instance === '';
  return (
    <div className="logs">
      <div className="logs-tools">
        <select aria-label={text.logs.instance} value={filter.instance} onChange={(event) => setFilter({ ...filter, instance: event.target.value })}>
          <option value="">{text.logs.all}</option>
          {instances.map((instance) => (
            <option key={instance}>{instance}</option>
          ))}
        </select>
        <input type="search" data-search placeholder={`${text.logs.filter}  /`} aria-label={text.logs.filter} value={filter.text} onChange={(event) => setFilter({ ...filter, text: event.target.value })} />
        <label className="check">
          <input type="checkbox" checked={filter.errorsOnly} onChange={(event) => setFilter({ ...filter, errorsOnly: event.target.checked })} />
          {text.logs.errorsOnly}
        </label>
        <span className="grow" />
        <button type="button" onClick={clear}>
          {text.logs.clear}
        </button>
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)} data-testid="pause">
          <Icon name={paused ? 'play' : 'pause'} size={12} /> {paused ? text.logs.resume : text.logs.pause}
          {paused && waiting > 0 && <span className="count">{text.logs.waiting(waiting)}</span>}
        </button>
      </div>
      <Lines chunks={chunks} filter={filter} showInstance={many} />
    </div>
  );
}

function useLogs(service: string, paused: boolean): { chunks: readonly Chunk[]; waiting: number; clear: () => void } {
  const buffer = useMemo(() => new LogBuffer(), [service]);
  const [chunks, setChunks] = useState<readonly Chunk[]>([]);
  const [waiting, setWaiting] = useState(0);
  const stopped = useRef(paused);
  const pending = useRef<LogLine[]>([]);

  useEffect(() => {
    stopped.current = paused;
  }, [paused]);

  useEffect(() => {
    const lines = pending.current;
    const stream = new Stream({
      path: () => `logs?service=${encodeURIComponent(service)}&tail=${tail}&follow=true`,
      // A new connection sends the tail again.
      onOpen: () => {
        buffer.clear();
        lines.length = 0;
      },
      onEvent: ({ event, data }) => {
        if (event === 'log') lines.push(JSON.parse(data) as LogLine);
      },
    });
    const timer = setInterval(() => {
      if (stopped.current) {
        if (lines.length > buffer.mostLines) lines.splice(0, lines.length - buffer.mostLines);
        setWaiting(lines.length);
        return;
      }
      buffer.append(lines.splice(0));
      setChunks(buffer.view);
      setWaiting(0);
    }, drawEveryMs);
    return () => {
      clearInterval(timer);
      stream.close();
      lines.length = 0;
    };
  }, [service, buffer]);

  const clear = () => {
    buffer.clear();
    setChunks(buffer.view);
  };
  return { chunks, waiting, clear };
}

/** How near the end the view must be to stay there, in pixels. */
const stickyPx = 24;

function Lines({ chunks, filter, showInstance }: { chunks: readonly Chunk[]; filter: LogFilter; showInstance: boolean }) {
  const text = useText();
  const frame = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const shown = useMemo(
    () => chunks.reduce((sum, chunk) => sum + chunk.lines.filter((line) => shows(filter, line)).length, 0),
    [chunks, filter],
  );

  useLayoutEffect(() => {
    const element = frame.current!;
    if (following) element.scrollTop = element.scrollHeight;
  }, [chunks, filter, following]);

  // The last event of a list may come when the list has gone already.
  const onScroll = (event: React.UIEvent<HTMLDivElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
    setFollowing(scrollHeight - clientHeight - scrollTop < stickyPx);
  };
  return (
    <div className="lines-frame">
      <div ref={frame} className="lines" role="log" aria-live="off" aria-label={text.service.logs} tabIndex={0} onScroll={onScroll} data-testid="logs">
        {shown === 0 && <p className="empty">{chunks.length === 0 ? text.logs.empty : text.logs.noMatch}</p>}
        {chunks.map((chunk) => (
          <ChunkView key={chunk.first} chunk={chunk} filter={filter} showInstance={showInstance} />
        ))}
      </div>
      {!following && (
        <button type="button" className="to-end" onClick={() => setFollowing(true)}>
          <Icon name="down" size={12} /> {text.logs.toEnd}
        </button>
      )}
    </div>
  );
}

const ChunkView = memo(function ChunkView({ chunk, filter, showInstance }: { chunk: Chunk; filter: LogFilter; showInstance: boolean }) {
  return (
    <div className="chunk">
      {chunk.lines
        .filter((line) => shows(filter, line))
        .map((line) => (
          <div key={line.number} className={`line ${line.stream}`}>
            <time dateTime={line.at}>{fineClock(new Date(line.at))}</time>
            {showInstance && <b>{line.instance}</b>}
            {line.stream === 'err' && <i>err</i>}
            <span>{line.text}</span>
          </div>
        ))}
    </div>
  );
});
