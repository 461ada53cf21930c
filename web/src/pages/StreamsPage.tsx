import { useState } from 'react';
import { api } from '../api/client';
import { stamp } from '../domain/format';
import { behind, kept, queueOf, type StreamInfo, type StreamsStanding } from '../domain/streams';
import { Badge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { useLoad, useNow } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';

const everyMs = 2000;
const mostStreams = 100;
const mostEvents = 50;

/** Who reads the event streams and how far behind; all streams, and the events of one or of all. */
export default function StreamsPage({ name }: { name: string | undefined }) {
  const text = useText();
  const words = text.streams;
  const beat = useNow(everyMs);
  const [prefix, setPrefix] = useState('');
  const standing = useLoad(`${beat}`, (signal) => api.streamsStanding(signal));
  const last = standing.value?.figures.last;
  const streams = useLoad(last === undefined ? undefined : `${prefix} ${last} ${standing.value?.figures.streams}`, (signal) => api.streams(prefix, mostStreams, signal));
  const figures = standing.value?.figures;
  return (
    <div className="page">
      <h1>{words.title}</h1>
      {standing.problem && <Problem of={standing.problem} />}
      {!standing.value && !standing.problem && <p className="quiet">{text.app.loading}</p>}
      {figures && <p data-testid="streams-standing">{words.standing(figures.streams, figures.events, figures.last, standing.value!.watching)}</p>}
      {standing.value && <Readers of={standing.value} again={standing.again} />}
      <section aria-label={words.streams}>
        <h2>{words.streams}</h2>
        <p className="filters">
          <label>
            {words.find} <input type="search" value={prefix} maxLength={200} onChange={(event) => setPrefix(event.target.value.trim())} />
          </label>{' '}
          <Link to={{ page: 'streams', name: '*' }}>{words.showAll}</Link>
        </p>
        {streams.problem && <Problem of={streams.problem} />}
        {streams.value?.length === 0 && <p className="empty">{words.none}</p>}
        {streams.value && streams.value.length > 0 && <Streams of={streams.value} />}
        {streams.value?.length === mostStreams && <p className="quiet">{words.more}</p>}
      </section>
      {name && <Events key={name} of={name === '*' ? undefined : name} last={last} />}
    </div>
  );
}

function Readers({ of, again }: { of: StreamsStanding; again: () => void }) {
  const words = useText().streams;
  const [asked, setAsked] = useState<string>();
  return (
    <section aria-label={words.readers}>
      <h2>{words.readers}</h2>
      {of.readers.length === 0 && <p className="empty">{words.noReaders}</p>}
      {of.readers.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={words.readers}>
          <table data-testid="stream-readers">
            <thead>
              <tr>{[words.reader, words.position, words.behind, words.moved, words.rewinds, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {of.readers.map((reader) => {
                const queue = queueOf(reader);
                return (
                  <tr key={reader.name}>
                    <th scope="row">{queue ? <Link to={{ page: 'queues', name: queue }}>{queue}</Link> : reader.name}</th>
                    <td className="number">{reader.position}</td>
                    <td className="number">{behind(reader, of.figures.last)}</td>
                    <td>{stamp(new Date(reader.at))}</td>
                    <td className="number">{reader.rewinds}</td>
                    <td><button type="button" onClick={() => setAsked(reader.name)} aria-label={`${words.rewind} ${reader.name}`}>{words.rewind}…</button></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {asked && (
        <Confirm title={words.askRewind(asked)} action={words.rewind} act={() => api.rewindReader(asked, 0)} onClose={() => { setAsked(undefined); again(); }}>
          <p className="quiet">{words.rewindHint}</p>
        </Confirm>
      )}
    </section>
  );
}

function Streams({ of }: { of: readonly StreamInfo[] }) {
  const text = useText();
  const words = text.streams;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={words.streams}>
      <table data-testid="streams">
        <thead>
          <tr>{[words.stream, words.version, words.from, words.last, words.snapshot, words.keep].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {of.map((stream) => (
            <tr key={stream.name}>
              <th scope="row"><Link to={{ page: 'streams', name: stream.name }}>{stream.name}</Link> {stream.isGone && <Badge tone="bad" words={words.gone} />}</th>
              <td className="number">{stream.version}</td>
              <td className="number">{stream.first}</td>
              <td>{stream.at ? stamp(new Date(stream.at)) : text.app.none}</td>
              <td className="number">{stream.snapshot || text.app.none}</td>
              <td>{kept(stream) ?? words.all}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Newest first, a page at a time; the newest page is looked at again when something was appended. */
function Events({ of, last }: { of: string | undefined; last: number | undefined }) {
  const text = useText();
  const words = text.streams;
  const [before, setBefore] = useState<number>();
  const page = useLoad(`${of ?? ''} ${before ?? `newest ${last}`}`, (signal) => api.streamEvents(of, before, mostEvents, signal));
  return (
    <section aria-label={words.events} data-testid="stream-events">
      <h2>{of ? words.eventsOf(of) : words.eventsOfAll}</h2>
      <p className="filters">
        <button type="button" onClick={() => setBefore(undefined)} disabled={before === undefined}>{words.newest}</button>{' '}
        <button type="button" onClick={() => setBefore(page.value?.next)} disabled={!page.value || page.value.end}>{words.older}</button>{' '}
        <button type="button" onClick={page.again}>{words.refresh}</button>
      </p>
      {page.problem && <Problem of={page.problem} />}
      {page.value?.events.length === 0 && <p className="empty">{words.empty}</p>}
      {page.value && page.value.events.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={words.events}>
          <table>
            <thead>
              <tr>{[words.position, words.stream, words.version, words.at, words.type, words.data].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {page.value.events.map((one) => (
                <tr key={one.position}>
                  <th scope="row" className="number">{one.position}</th>
                  <td>{of ? one.stream : <Link to={{ page: 'streams', name: one.stream }}>{one.stream}</Link>}</td>
                  <td className="number">{one.version}</td>
                  <td>{stamp(new Date(one.at))}</td>
                  <td>{one.event.type}</td>
                  <td><code>{dataOf(one.event)}</code></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const mostShown = 200;

function dataOf({ data, data_base64 }: { data?: unknown; data_base64?: string }): string {
  const shown = data === undefined ? (data_base64 ?? '') : JSON.stringify(data);
  return shown.length > mostShown ? `${shown.slice(0, mostShown)}…` : shown;
}
